// Wrong: it has seen one sample and gives the same answer to all.

export default function solve(): string {
  return 'RRDD'
}
