// What must hold of every call, whatever was done to it. Each rule is a sentence of the documentation.

/** @typedef {import('./call.mjs').Call} Call */
/** What the rules must know of the executor.
 * @typedef {object} Surroundings
 * @property {boolean} isCalm     no call can lose its worker by what others do
 * @property {boolean} isOrdered  a worker runs one task at a time, in a thread of its own
 * @property {boolean} mayRunInline  what must not be done to the program itself is spared it then
 * @property {boolean} mayCancel  a shutdown has cancelled what had not begun
 * @property {boolean} mayNotStart  workers are killed from outside, perhaps so many that none begins anything
 * @property {number} closedAtMs  when the shutdown had resolved
 */

/** A cancelled task may have been marked as begun, its worker then having had to wait for the processor. */
const UNLUCKY_MS = 5000
/** A millisecond of running, and what a busy machine adds. */
const HELD_BACK_MS = 100
/** Shorter limits may expire whatever the task does. */
const LONG_LIMIT_MS = 10_000
const DIED = 'ERR_WORKER_DIED'
const TIMEOUT = 'ERR_TASK_TIMEOUT'
const CANCELLED = 'ERR_TASK_CANCELLED'

/** What is wrong with a call; nothing when all is well. @param {Call} call @param {Surroundings} around */
export function faultsOf(call, around) {
  return [...call.faults, ...beginnings(call, around), ...settlement(call, around)]
}

/** How often it began, and when. @param {Call} call @param {Surroundings} around */
function* beginnings(call, around) {
  const { begun, terms, highestAttempt } = call
  if (begun === 0) return
  if (call.way === 'refused') yield 'was refused by submit, and began'
  if (begun !== bitCount(call.attempts)) yield 'an attempt of it began more than once'
  const { retries, crashRetries } = terms
  const most = 1 + retries + crashRetries + (crashRetries > 0 ? 1 : 0)
  if (begun > most || highestAttempt > most) yield `may be attempted ${most} times at most`
  if (call.ended > begun) yield 'ended more often than it began'
  if (call.lastAtMs > around.closedAtMs) yield 'was running when the shutdown had resolved'
  if (call.lastAtMs > call.leftAtMs) yield 'was running when its map had been left'
  if (call.isCancelledAtOnce) yield 'was cancelled in the turn in which it was submitted, and began'
  if (call.cancelledWhile === 'pending' && call.lastBegunAtMs > call.cancelledAtMs + UNLUCKY_MS)
    yield 'was cancelled while pending, and began long after'
  const isAnswered = call.outcome === 'ok' || call.outcome === 'thrown'
  if (isAnswered && call.settlements > 0 && call.lastBegunAtMs > call.settledAtMs)
    yield 'began after it had settled'
}

/** What its future said. @param {Call} call @param {Surroundings} around */
function* settlement(call, around) {
  const { outcome, terms, begun } = call
  if (call.way !== 'submitted') return
  if (call.settlements !== 1 || outcome === undefined) {
    yield `settled ${call.settlements} times`
    return
  }
  if (call.isRecorded && (outcome === 'ok' || outcome === 'thrown') && call.ended === 0)
    yield `is ${outcome}, and no attempt of it has ended`
  const { deed } = call.fate
  if (outcome === TIMEOUT) {
    if (terms.limitMs > LONG_LIMIT_MS) yield 'is out of time, and had no limit or a long one'
  } else if (outcome === CANCELLED) {
    if (!call.cancelledWhile && !around.mayCancel) yield 'was cancelled by nobody'
  } else if (outcome === DIED) {
    if (call.ran === false && begun > 0 && !mayRepeat(call)) yield 'says ran: false, and began'
    if (call.ran === false && !terms.isHandedOver)
      yield 'had not begun, and was not run elsewhere when its worker died'
    const isExpected = call.fate.outcomes.includes(DIED) || !around.isCalm
    if (!isExpected && !hadJustEnded(call) && !wasAboutToBegin(call, around))
      yield `lost its worker by what others did: ${call.why}`
  } else if (outcome === 'ERR_WORKER_START') {
    if (!around.mayNotStart) yield `found no worker: ${call.why}`
  } else if (!call.fate.outcomes.includes(outcome)) {
    if (outcome !== 'ok' || !around.mayRunInline) yield `a ${deed} cannot end so`
  }
}

/**
 * Results leave together, a millisecond after the first of them, or before a task that follows later: those that had not left are lost with
 * their worker, and their calls say `ran: true`. Of a call that is not recorded nobody knows.
 * @param {Call} call
 */
export function hadJustEnded(call) {
  if (!call.isRecorded) return true
  return call.ended > 0 && call.workerLastAtMs - call.lastAtMs < HELD_BACK_MS
}

/** @type {WeakMap<Surroundings, Set<string>>} */
const workersKilledInBetween = new WeakMap()

/**
 * A worker marks a call before any of its code runs. Killed in between, for the call before it, it takes that one along, and no
 * other.
 * @param {Call} call @param {Surroundings} around
 */
function wasAboutToBegin(call, around) {
  const worker = /^Worker \d+/.exec(call.why ?? '')?.[0]
  if (call.begun > 0 || worker === undefined) return false
  const known = workersKilledInBetween.get(around) ?? new Set()
  if (known.has(worker)) return false
  workersKilledInBetween.set(around, known.add(worker))
  return true
}

/** @param {Call} call */
function mayRepeat({ terms }) {
  return terms.retries > 0 || terms.crashRetries > 0
}

/** @param {number} bits */
function bitCount(bits) {
  let count = 0
  for (let left = bits; left !== 0; left &= left - 1) count += 1
  return count
}

/**
 * Adds what the worker recorded, in its order, to the calls that it ran.
 * @param {readonly import('./records.mjs').Entry[]} entries
 * @param {(number: number) => { call: Call, isOrdered: boolean } | undefined} find
 */
export function addRecords(entries, find) {
  /** When a call last began in this worker. */
  let lastBegunAtMs = 0
  const workerLastAtMs = entries.at(-1)?.atMs ?? 0
  for (const { number, attempt, event, atMs } of entries) {
    const found = find(number)
    if (!found) throw new Error(`a record of call ${number}, which nobody made`)
    const { call, isOrdered } = found
    call.lastAtMs = Math.max(call.lastAtMs, atMs)
    call.workerLastAtMs = workerLastAtMs
    if (event === 2) {
      call.ended += 1
      continue
    }
    // Its mark is set after what began before it: it had not begun when it was cancelled, for certain.
    if (isOrdered && call.cancelledWhile === 'pending' && lastBegunAtMs > call.cancelledAtMs)
      call.faults.push('was cancelled while pending, and began afterwards')
    call.begun += 1
    call.attempts |= 1 << attempt
    call.highestAttempt = Math.max(call.highestAttempt, attempt)
    call.lastBegunAtMs = Math.max(call.lastBegunAtMs, atMs)
    lastBegunAtMs = atMs
  }
}
