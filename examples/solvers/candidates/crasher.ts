// Crashes its process, as a bug in a native addon would. No JavaScript can catch this.

export default function solve(): string {
  process.abort()
}
