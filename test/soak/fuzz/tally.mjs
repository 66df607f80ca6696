// What there was in all, for the summary: a run that has not cancelled anything shows nothing about cancelling.

/** @typedef {import('./life.mjs').Life} Life */
/** @typedef {Record<string, number>} Counts */

export class Tally {
  calls = 0
  executors = 0
  begun = 0
  /** @type {Counts} */
  outcomes = {}
  /** @type {Counts} */
  #deeds = {}
  /** @type {Counts} */
  #ways = {}
  /** @type {Counts} */
  #lives = {}
  #bytes = 0

  /** @param {Life} life */
  add({ kind, mix, isRough, calls }) {
    this.executors += 1
    one(this.#lives, kind)
    one(this.#lives, mix)
    one(this.#lives, isRough ? 'rough' : 'calm')
    for (const call of calls) {
      one(this.#ways, call.way)
      if (call.way === 'refused') continue
      this.calls += 1
      this.begun += call.begun
      this.#bytes += call.argumentSize + call.resultSize
      one(this.#deeds, call.fate.deed)
      one(this.outcomes, call.outcome ?? 'not yielded')
      if (call.ran && !call.fate.outcomes.includes('ERR_WORKER_DIED'))
        one(this.#ways, 'lost with the worker of another')
      if (call.begun > 1) one(this.#ways, 'repeated')
      if (call.cancelledWhile) one(this.#ways, `cancelled while ${call.cancelledWhile}`)
    }
  }

  lines() {
    return [
      `executors: ${list(this.#lives)}`,
      `calls: ${list(this.#ways)}; ${(this.#bytes / 2 ** 20).toFixed(0)} MiB`,
      `deeds: ${list(this.#deeds)}`,
      `outcomes: ${list(this.outcomes)}`,
    ]
  }
}

/** @param {Counts} counts @param {string} name */
function one(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1
}

/** @param {Counts} counts */
function list(counts) {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a)
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ')
}
