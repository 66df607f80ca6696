// Tasks of the contract suite. What a task must tell beside its result, it writes to a file: that reaches the test from
// a thread, a process and the calling thread alike, and survives SIGKILL.
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, threadId } from 'node:worker_threads'
import { taskContext, transfer } from 'tidypool'

/** @param {number} a @param {number} b */
export const add = (a, b) => a + b

/** @template T @param {T} value @returns {T} */
export const echo = (value) => value

/** @param {{ n?: number, seen?: number, inner?: { seen: number } }} counter @param {Uint8Array} bytes */
export function countInto(counter, bytes) {
  const counted = counter.inner ?? counter
  counted.seen = (counted.seen ?? 0) + 1
  bytes[0] = (bytes[0] ?? 0) + 1
  return [counted.seen, bytes[0]]
}

const same = { inner: { always: 'the same' } }
export const sameObject = () => same

/** @param {number} length */
export function handOver(length) {
  const bytes = new Uint8Array(length).fill(7)
  return transfer({ bytes, left: bytes.length }, [bytes.buffer])
}

const onlyBytes = new Uint8Array(1000)
/** @param {number} _time */
export const handOverTwice = (_time) => transfer(onlyBytes, [onlyBytes.buffer])

/** @param {readonly unknown[]} values */
export const countOf = (...values) => values.length

/** @param {string} text */
export default async function shout(text) {
  await delay(1)
  return text.toUpperCase()
}

/** @param {number} n */
export async function twiceLater(n) {
  await delay(1)
  return 2 * n
}

export const notAFunction = 42

export const where = () => ({ pid: process.pid, threadId })

/** Appends a line, and returns it. @param {string} file @param {string | number} line */
export function note(file, line) {
  appendFileSync(file, `${line}\n`)
  return line
}

/** Appends a line when it begins, and ends after the given time. @param {string} file @param {string | number} line @param {number} ms */
export async function noteAndWait(file, line, ms) {
  appendFileSync(file, `${line}\n`)
  await delay(ms)
  return line
}

/** Fails when the other file is there. @param {string} file @param {string} sign */
export async function noteAndFailAt(file, sign) {
  appendFileSync(file, 'begun\n')
  while (!existsSync(sign)) await delay(1)
  throw new Error('it failed')
}

/** Short without a time, and then known as such; else it ends after it. @param {string} file @param {string | number} line @param {number} ms */
export function noteThen(file, line, ms) {
  appendFileSync(file, `${line}\n`)
  return ms === 0 ? line : delay(ms, line)
}

/** @param {number} ms */
export async function sleep(ms) {
  await delay(ms)
  return ms
}

/** A loop that sees no abort. @param {number} ms */
export function spin(ms) {
  const until = performance.now() + ms
  while (performance.now() < until);
  return ms
}

/** The same name for short and long: what is known of the first misleads about the second. @param {number} ms */
export const shortOrLong = (ms) => (ms === 0 ? 0 : spin(ms))

/** Waits until so many have come, and takes 2 ms. @param {string} file @param {number} count */
export function meet(file, count) {
  appendFileSync(file, '.')
  while (readFileSync(file, 'utf8').length < count);
  return spin(2)
}

/** Goes on when it is aborted, unless it is not the first attempt. @param {number} n @param {string} file */
export async function secondIsQuick(n, file) {
  const { attempt } = taskContext()
  appendFileSync(file, `attempt ${attempt}\n`)
  if (attempt === 1) await delay(60_000)
  return n
}

/** Ends only when it is aborted, and then politely; says so. @param {string} file */
export async function untilAborted(file) {
  const { signal } = taskContext()
  appendFileSync(file, 'begun\n')
  const alive = setInterval(() => {}, 1000)
  await new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', resolve)
  })
  clearInterval(alive)
  appendFileSync(file, `aborted ${signal.reason?.message ?? signal.reason}\n`)
  return 'ended politely'
}

/** Returns for a file named notes, else ends only when it is aborted. @param {string} file */
export const untilOther = (file) => (file.endsWith('notes') ? 'first' : untilAborted(file))

/** @param {number} n @param {number} bad @param {string} file */
export function failOn(n, bad, file) {
  appendFileSync(file, `${n}\n`)
  if (n === bad) throw new RangeError(`failed on ${n}`)
  return n
}

/** @param {number} n @param {string} file @param {number} ms */
export async function noteAndWaitFor(n, file, ms) {
  appendFileSync(file, `${n}\n`)
  await delay(ms)
  return n
}

/** Only the first waits: until the file is there. @param {number} n @param {string} file */
export async function firstWaitsForFile(n, file) {
  if (n === 0) while (!existsSync(file)) await delay(1)
  return n
}

/** Awaits for ever, and holds nothing that would keep a process alive. */
export async function waitForEver() {
  await new Promise(() => {})
}

/** Awaits for ever and looks at no signal. @param {string} file */
export async function never(file) {
  appendFileSync(file, 'begun\n')
  setInterval(() => {}, 1000)
  await new Promise(() => {})
}

/** Loops for ever. @param {string} file */
export function loopForEver(file) {
  appendFileSync(file, 'begun\n')
  for (;;);
}

/** @param {string} [file] */
export function context(file) {
  const { attempt, workerId, signal } = taskContext()
  if (file) appendFileSync(file, `attempt ${attempt}\n`)
  return { attempt, workerId, isAborted: signal.aborted }
}

/** Whether it is the same before and after others ran; fails on its first attempt when it is told to wait long. @param {number} ms */
export async function contextAfter(ms) {
  const before = taskContext()
  await delay(ms)
  const isSame = taskContext() === before
  if (ms > 10 && before.attempt === 1) throw new Error('once more')
  return { attempt: before.attempt, isSame }
}

/** @param {number} times @param {string} file */
export function failUntilAttempt(times, file) {
  const { attempt } = taskContext()
  appendFileSync(file, `attempt ${attempt}\n`)
  if (attempt < times) throw new Error(`attempt ${attempt} fails`)
  return attempt
}

/** @param {readonly unknown[]} values @param {number} pauseMs */
export async function progressOf(values, pauseMs) {
  const { progress } = taskContext()
  for (const value of values) {
    progress(value)
    await delay(pauseMs)
  }
  return values.length
}

export function mutatedProgress() {
  const { progress } = taskContext()
  const value = { n: 0 }
  for (; value.n < 3; value.n += 1) progress(value)
}

/** Tells a function, at once or while an earlier value is still held back. @param {number} before */
export function badProgress(before) {
  const { progress } = taskContext()
  for (let n = 0; n < before; n += 1) progress(n)
  try {
    progress(() => {})
    return 'accepted'
  } catch (error) {
    return error instanceof Error ? error.name : 'no error'
  }
}

/** @param {{ readonly buffer: ArrayBuffer }} holder */
export const byteLengthOf = ({ buffer }) => buffer.byteLength

/** @param {Uint8Array} bytes @param {number} ms */
export function lengthAfter(bytes, ms) {
  spin(ms)
  return bytes.length
}

/** @param {Uint8Array} bytes @param {string} unit */
export function failWithLength(bytes, unit) {
  throw new RangeError(`${bytes.length} ${unit}`)
}

/** @param {Uint8Array} bytes @param {number} code */
export function exitWith(bytes, code) {
  process.exit(bytes.length === 0 ? 0 : code)
}

/** Returns, and then (where its module is loaded already) lets its worker read nothing until the file is there and it ends. @param {string} file */
export function exitWhenFileExists(file) {
  queueMicrotask(() => {
    while (!existsSync(file));
    process.exit(1)
  })
  return 'returned'
}

/** @param {number} code */
export function exit(code) {
  process.exit(code)
}

/** @param {string} text */
export function crash(text) {
  writeSync(2, `${text}\n`)
  killSelf()
}

/** Kills its own process at once. */
export function killSelf() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/**
 * Ends its worker until it is attempt `last`, which returns its number, after `ms`.
 * @param {number} last
 * @param {number} [ms]
 */
export async function exitUntilAttempt(last, ms = 0) {
  const { attempt } = taskContext()
  if (attempt < last) process.exit(1)
  if (ms > 0) await sleep(ms)
  return attempt
}

/** Kills its worker on the first attempt only. @param {string} file */
export function killOnFirstAttempt(file) {
  const { attempt } = taskContext()
  appendFileSync(file, `attempt ${attempt}\n`)
  if (attempt === 1) process.exit(1)
  return attempt
}

/** Returns, and then the code that it left running throws. @param {string} message @param {number} ms */
export function throwLater(message, ms) {
  setTimeout(() => {
    throw new Error(message)
  }, ms)
  return 'returned'
}

export function fillHeap() {
  const kept = []
  for (;;) kept.push(Array.from({ length: 1000 }, (_, n) => ({ n })))
}

/** What a task's own code may send, by mistake or on purpose. @param {unknown} message */
export function sendToOwner(message) {
  if (parentPort) parentPort.postMessage(message)
  else if (message !== undefined) process.send?.(message)
  return 'sent'
}

/** Its message arrives in pieces, or (later Nodes) does not leave. Then it waits for ever. */
export async function sendUnreadable() {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  parentPort?.postMessage(bytes, [bytes.buffer])
  setInterval(() => {}, 1000)
  await new Promise(() => {})
}

/** Counts how often it was run in this worker. */
let runs = 0
export const countRuns = () => (runs += 1)

/** @type {unknown} */
let initialized
/** @param {unknown} data */
export async function initialize(data) {
  await delay(1)
  initialized = data
}
export const initializedWith = () => initialized
/** @param {string} file */
export function needFile(file) {
  if (!existsSync(file)) throw new RangeError('no file')
}
export function failToInitialize() {
  throw new RangeError('no database')
}

/** @param {string} name */
export const environmentOf = (name) => (name in process.env ? process.env[name] : 'absent')

/** @param {number} bytes */
export const bytes = (bytes) => new Uint8Array(bytes).fill(7)

/** The result is 300 tiny ones, of which one is poisoned. @param {number} n @param {number} poisoned @param {'throw' | 'exit' | 'kill' | 'none'} how @param {string} file */
export function tinyOrPoisoned(n, poisoned, how, file) {
  appendFileSync(file, `${n}\n`)
  if (n !== poisoned) return n
  if (how === 'throw') throw new RangeError(`${n} is poisoned`)
  if (how === 'exit') process.exit(3)
  if (how === 'kill') killSelf()
  return n
}

/** @param {string} text */
export async function print(text) {
  console.log(text)
  await delay(1)
}

/** What a random life of an executor is made of. @param {string} what @param {string} file @param {string} mark */
export function anything(what, file, mark) {
  appendFileSync(file, `${mark}\n`)
  switch (what) {
    case 'quick':
      return mark
    case 'later':
      return delay(3, mark)
    case 'polite':
      return delay(10_000, mark, { signal: taskContext().signal })
    case 'throw':
      throw new RangeError(mark)
    case 'loop':
      for (;;);
    case 'exit':
      return process.exit(1)
    default:
      throw new Error(`what is ${what}?`)
  }
}

/** Blocks its thread, using no processor. @param {number} ms */
export function lock(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return ms
}

/** Waits in the system, where no JavaScript runs. @param {number} ms */
export function callShell(ms) {
  execFileSync('sleep', [String(ms / 1000)])
  return ms
}

/** Tells progress as long as it runs. @param {number} ms @param {'loop' | 'await'} how */
export async function tellProgress(ms, how) {
  const { progress } = taskContext()
  const until = performance.now() + ms
  while (performance.now() < until) {
    progress('on')
    if (how === 'await') await delay(10)
  }
  return ms
}

/** @type {Uint8Array[]} */
const kept = []
/** Keeps memory for good. @param {number} bytes */
export function keep(bytes) {
  kept.push(new Uint8Array(bytes).fill(1))
  return kept.length
}

export function failingInitializer() {
  throw new Error('the initializer fails')
}

export function exitingInitializer() {
  process.exit(5)
}
