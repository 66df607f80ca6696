// One call: what it is to do, under which terms, and all that was seen of it.
import { LARGEST_BYTES, answerOf, isMade, make, shapes } from './payload.mjs'

/** @typedef {import('./chance.mjs').Chance} Chance */
/** @typedef {import('./deeds.mjs').Fate} Fate */
/** @typedef {import('./payload.mjs').Shape} Shape */
/** @typedef {import('tidypool').TaskRunner<typeof import('./tasks.mjs')>} Runner */
/** What its caller allowed. @typedef {{ readonly limitMs: number, readonly retries: number, readonly crashRetries: number, readonly isHandedOver?: boolean }} Terms */
/** `refused`: `submit` threw, so that there is no such task.
 * @typedef {'submitted' | 'refused' | 'mapped'} Way */

const NOW = Promise.resolve()

export class Call {
  /** @type {Way} */
  way = 'submitted'
  /** @type {import('tidypool').Future<unknown> | undefined} */
  future
  /** Resolves when the future has settled; now where there is none. */
  done = NOW
  /** @type {import('./deeds.mjs').Outcome | undefined} */
  outcome
  /** What an error of its worker said. @type {string | undefined} */
  why
  settlements = 0
  settledAtMs = 0
  /** What was wrong with its result or error when it came. @type {string[]} */
  faults = []
  /** `WorkerDiedError.ran`. @type {boolean | undefined} */
  ran
  /** The state of the future just before its caller cancelled it. @type {'pending' | 'running' | undefined} */
  cancelledWhile
  /** When that was done, and whether in the turn in which it was submitted. */
  cancelledAtMs = Infinity
  isCancelledAtOnce = false
  /** No call of a map begins after its loop has been left. */
  leftAtMs = Infinity
  // From the records of its workers:
  begun = 0
  ended = 0
  /** A bit for each attempt that began. */
  attempts = 0
  highestAttempt = 0
  lastBegunAtMs = 0
  lastAtMs = 0
  /** When the worker that it ran in last recorded anything. */
  workerLastAtMs = 0

  /** @param {number} number @param {Fate} fate @param {Terms} terms */
  constructor(number, fate, terms) {
    this.number = number
    this.fate = fate
    /** @type {Terms} */
    this.terms = terms
    this.amount = 0
    /** @type {Shape} */
    this.argumentShape = 'none'
    this.argumentSize = 0
    /** @type {Shape} */
    this.resultShape = 'none'
    this.resultSize = 0
  }

  get isRecorded() {
    return this.fate.deed !== 'quick'
  }

  /** @returns {import('./tasks.mjs').Order} */
  get order() {
    const { number, fate, amount, argumentShape, argumentSize, resultShape, resultSize } = this
    const argument =
      fate.deed === 'badArgument'
        ? () => number
        : argumentShape === 'none'
          ? undefined
          : make(argumentShape, argumentSize, number)
    const head = /** @type {const} */ ([number, fate.deed, amount])
    return [...head, argumentShape, argumentSize, resultShape, resultSize, argument]
  }

  /** @param {Runner} runner @param {boolean} mayHandOver  whether the executor hands over what it is asked to */
  start(runner, mayHandOver) {
    const { deed } = this.fate
    if (deed === 'quick') return runner.submit('quick', this.number)
    if (deed === 'noted') return runner.submit('noted', this.number)
    const { order } = this
    const argument = order[7]
    if (!(argument instanceof ArrayBuffer) || this.number % 2 === 0)
      return runner.submit('run', order)
    // What was handed over cannot be sent again.
    if (mayHandOver) this.terms = { ...this.terms, retries: 0, crashRetries: 0, isHandedOver: true }
    return runner.with({ transfer: [argument] }).submit('run', order)
  }

  /** @param {unknown} value */
  isItsResult(value) {
    if (typeof value === 'function') return true // inline: nothing is cloned; who else may not is in its outcomes
    if (this.resultShape === 'none') return value === answerOf(this.number)
    return isMade(value, this.resultShape, this.resultSize, this.number)
  }

  /** All of it, in a line. */
  get text() {
    const { number, fate, amount, way, terms, outcome, ran, begun, ended } = this
    const size = this.argumentSize + this.resultSize
    return [
      `call ${number} (${way} ${fate.deed}${amount ? ` ${amount}` : ''}${size ? `, ${size} bytes` : ''};`,
      `limit ${terms.limitMs} ms, retries ${terms.retries}, crashRetries ${terms.crashRetries}):`,
      `${outcome ?? 'not settled'}${ran === undefined ? '' : `, ran ${ran}`}${this.cancelledWhile ? `, cancelled while ${this.cancelledWhile}` : ''},`,
      `begun ${begun}, ended ${ended}, attempt ${this.highestAttempt}`,
    ].join(' ')
  }
}

/** @param {Chance} chance @param {readonly Fate[]} table @param {number} number @param {Terms} terms @param {number} largest in bytes */
export function drawCall(chance, table, number, terms, largest = LARGEST_BYTES) {
  const fate = chance.pick(/** @type {[Fate, ...Fate[]]} */ (table))
  const call = new Call(number, fate, terms)
  if (fate.amount) {
    const [least, most] = fate.amount
    call.amount =
      fate.longMs !== undefined && chance.is(0.005)
        ? fate.longMs
        : least > 0 && least < 1 && chance.is(0.75)
          ? chance.int(1, 90) / 100
          : chance.int(Math.ceil(least), most)
  }
  if (fate.deed === 'large') {
    // Either way, or both.
    const ways = chance.int(1, 3)
    if (ways & 1) {
      call.argumentShape = chance.pick(shapes)
      call.argumentSize = chance.size(largest)
    }
    if (ways & 2) {
      call.resultShape = chance.pick(shapes)
      call.resultSize = chance.size(largest)
    }
  }
  return call
}
