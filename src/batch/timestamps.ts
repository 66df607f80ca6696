/** Times as `Date.toISOString` writes them. What is the same for a whole second is made once. */
export class Timestamps {
  #second: number = Number.NaN
  #upToSecond = ''

  /** @param ms  Since 1970, parts of a millisecond included. */
  of(ms: number): string {
    const second = Math.floor(ms / 1000)
    if (second !== this.#second) {
      this.#upToSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length)
      this.#second = second
    }
    const millis = Math.floor(ms - second * 1000)
    return `${this.#upToSecond}${String(millis).padStart(3, '0')}Z`
  }
}
