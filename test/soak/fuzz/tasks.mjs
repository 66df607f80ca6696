// The tasks of the fuzz run. Each is told its number, and leaves a record when it begins and when it ends (`records.mjs`).
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
// Not the whole package, which costs each worker 0.1 s: so many of them are started here.
import { taskContext } from '../../../dist/worker/task-context.js'
import { answerOf, isMade, make } from './payload.mjs'
import { BEGUN, ENDED, record } from './records.mjs'

/** @typedef {import('./payload.mjs').Shape} Shape */
/** What `run` is told: number, what to do, how much of it, the shape and size of argument and result, and the argument.
 * @typedef {readonly [number: number, deed: string, amount: number, argumentShape: Shape, argumentSize: number, resultShape: Shape, resultSize: number, argument?: unknown]} Order */

/** The program that owns the workers must not be ended, whatever an `AdaptiveExecutor` runs in it. */
const isOwner = String(process.pid) === process.env['TIDYPOOL_FUZZ_OWNER']

/** As little as can be: nothing is recorded. @param {number} number */
export function quick(number) {
  return answerOf(number)
}

/** As little as can be recorded. @param {number} number */
export function noted(number) {
  record(number, taskContext().attempt, BEGUN)
  record(number, taskContext().attempt, ENDED)
  return answerOf(number)
}

/** @param {Order} order */
export function run(order) {
  const [number, deed, amount, argumentShape, argumentSize, resultShape, resultSize, argument] =
    order
  const context = taskContext()
  const { attempt } = context
  record(number, attempt, BEGUN)
  if (argumentShape !== 'none' && !isMade(argument, argumentShape, argumentSize, number))
    throw new Error(`call ${number} was given a damaged argument`)
  const end = () => {
    record(number, attempt, ENDED)
    return make(resultShape, resultSize, number)
  }
  const fail = () => {
    record(number, attempt, ENDED)
    return Object.assign(new Error(`call ${number}`), { number })
  }
  switch (deed) {
    case 'turn':
      return turn().then(end)
    case 'spin':
      spin(amount)
      return end()
    case 'wait':
      return delay(amount).then(end)
    case 'polite':
      return delay(amount, undefined, { signal: context.signal }).then(end, () => {
        throw fail()
      })
    case 'progress':
      context.progress(number)
      return amount > 0 ? delay(amount).then(end) : end()
    case 'throw':
      throw fail()
    case 'reject':
      return delay(amount).then(() => {
        throw fail()
      })
    case 'notCloneable':
      record(number, attempt, ENDED)
      return () => number
    case 'exit':
      return exit(amount) ?? end()
    case 'kill':
      return kill() ?? end()
    case 'uncaught':
      return crashSoon(number) ? delay(60_000).then(end) : end()
    case 'late':
      crashSoon(number)
      return end()
    default:
      return end()
  }
}

/** @param {number} ms */
function spin(ms) {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** @param {number} code @returns {undefined} */
function exit(code) {
  if (!isOwner || !isMainThread) process.exit(code)
}

/** @returns {undefined} */
function kill() {
  if (isOwner) return exit(9)
  process.kill(process.pid, 'SIGKILL')
  for (;;); // the signal comes at once, but for what follows nobody answers
}

/** @param {number} number */
function crashSoon(number) {
  if (isOwner && isMainThread) return false
  const error = new Error(`call ${number}, left running`)
  if (number % 2 === 0) {
    setImmediate(() => {
      throw error
    })
  } else void turn().then(() => Promise.reject(error)) // nobody handles it
  return true
}
