// Some executors at once, each with a life of its own; then what their workers recorded is held against what was seen.
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { addRecords, faultsOf } from './invariants.mjs'
import { Life } from './life.mjs'
import { closeRecords, nowMs, readRecords } from './records.mjs'
import { watchTasks } from './watch.mjs'

/** @typedef {import('./chance.mjs').Chance} Chance */
/** @typedef {import('./options.mjs').Kind} Kind */

export class Wave {
  /** @type {string[]} */
  faults = []
  /** @type {Life[]} */
  lives = []
  #folder
  #number
  /** Number of the first call. */
  #first
  #calls = 0
  #stallMs

  /** @param {{ number: number, first: number, folder: string, stallMs: number }} what */
  constructor({ number, first, folder, stallMs }) {
    this.#number = number
    this.#first = first
    this.#folder = path.join(folder, `wave-${number}`)
    this.#stallMs = stallMs
  }

  /** The number that the next call gets. */
  get next() {
    return this.#first + this.#calls
  }

  /** @param {Chance} chance @param {readonly [Kind, ...Kind[]]} kinds @param {number} most calls */
  async run(chance, kinds, most) {
    mkdirSync(this.#folder)
    process.env['TIDYPOOL_FUZZ_RECORDS'] = this.#folder
    const unwatch = chance.is(0.3) ? watchTasks((what) => this.#fail(what)) : undefined
    const atOnce = chance.pick([1, 2, 3, 4])
    const numbers = { next: () => this.#first + this.#calls++ }
    for (let index = 0; index < atOnce; index += 1) {
      const kind = chance.pick(kinds)
      const name = `wave-${this.#number}-${kind}-${index}`
      const share = Math.ceil(most / atOnce)
      this.lives.push(new Life({ kind, name, chance: chance.fork(), numbers, most: share }))
    }
    const lives = this.lives.map((life) => life.run())
    const stop = new AbortController()
    await Promise.race([Promise.all(lives), this.#stalled(stop.signal)])
    stop.abort()
    unwatch?.()
    closeRecords()
    this.#compare()
    rmSync(this.#folder, { recursive: true })
  }

  /** @param {string} what */
  #fail(what) {
    this.faults.push(`wave ${this.#number}: ${what}`)
  }

  /** Rejects when for long nothing has settled. @param {AbortSignal} signal @returns {Promise<never>} */
  #stalled(signal) {
    return new Promise((_, reject) => {
      let before = -1
      let sinceMs = nowMs()
      const timer = setInterval(() => {
        const now = this.lives.reduce((sum, { settled, calls }) => sum + settled + calls.length, 0)
        if (now !== before) sinceMs = nowMs()
        before = now
        if (nowMs() - sinceMs < this.#stallMs) return
        clearInterval(timer)
        reject(new Error(this.#stall()))
      }, 500)
      signal.addEventListener('abort', () => clearInterval(timer), { once: true })
    })
  }

  #stall() {
    const lines = this.lives
      .filter(({ closedAtMs }) => closedAtMs === Infinity || this.#open().length > 0)
      .map((life) => {
        const { queued, running, idle, finished, failed, cancelled } = life.executor.stats()
        const stats = JSON.stringify({ queued, running, idle, finished, failed, cancelled })
        const workers = life.executor
          .workers()
          .map(
            ({ id, state, running, pid, threadId }) =>
              `${id} (${pid ?? ''} ${threadId ?? ''}) ${state} ${running?.forMs ?? ''}`,
          )
        return `  ${life.text}\n    ${life.executor.state}, ${stats}, workers: ${workers.join(', ')}`
      })
    const calls = this.#open().map((call) => `    ${call.text}, ${call.future?.state}`)
    return `wave ${this.#number}: nothing has settled for ${this.#stallMs} ms\n${[...lines, ...calls.slice(0, 5)].join('\n')}`
  }

  #open() {
    return this.lives.flatMap(({ calls }) =>
      calls.filter(({ way, settlements }) => way === 'submitted' && settlements === 0),
    )
  }

  #compare() {
    /** @type {{ call: import('./call.mjs').Call, isOrdered: boolean }[]} */
    const found = []
    for (const { calls, around } of this.lives)
      for (const call of calls)
        found[call.number - this.#first] = { call, isOrdered: around.isOrdered }
    for (const entries of readRecords(this.#folder))
      addRecords(entries, (number) => found[number - this.#first])
    for (const life of this.lives) {
      const { around } = life
      for (const what of life.faults) this.#fail(`${what}\n    in ${life.text}`)
      let shown = 0
      for (const call of life.calls) {
        const faults = faultsOf(call, around)
        if (faults.length > 0 && shown++ < 5)
          this.#fail(`${call.text}\n    ${faults.join('; ')}\n    in ${life.text}`)
      }
      if (shown > 5) this.#fail(`and ${shown - 5} calls more of ${life.executor.name}`)
    }
  }
}
