// Tasks that fail in every way a task can.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Leaves a trace that outlives the worker. @param {string} file @param {string | number} text */
export function note(file, text) {
  appendFileSync(file, `${text}\n`)
  return text
}

/** @param {string} file @param {string | number} text @param {number} ms */
export async function noteAndWait(file, text, ms) {
  appendFileSync(file, `${text}\n`)
  await delay(ms)
  return text
}

/** @param {number} code */
export function exitWith(code) {
  process.exit(code)
}

/** @param {NodeJS.Signals} signal */
export function killSelf(signal) {
  process.kill(process.pid, signal)
  spinMs(60_000) // until it has arrived
}

/** An error that no task catches. */
export async function throwLater() {
  setImmediate(() => {
    throw new Error('outside any task')
  })
  await delay(60_000)
}

/** @param {number} ms */
export function spinMs(ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}

/** @param {string} file @param {NodeJS.Signals[]} ignored */
export function loopForEver(file, ignored) {
  for (const signal of ignored) process.on(signal, () => {})
  appendFileSync(file, `${process.pid}\n`)
  for (;;);
}

/** @param {string} file @param {NodeJS.Signals[]} ignored */
export async function waitForEver(file, ignored) {
  for (const signal of ignored) process.on(signal, () => {})
  appendFileSync(file, `${process.pid}\n`)
  await new Promise(() => setInterval(() => {}, 1000))
}

/** @param {string} file */
export async function stopSelf(file) {
  appendFileSync(file, `${process.pid}\n`)
  process.kill(process.pid, 'SIGSTOP')
  await delay(100_000)
}

export function pid() {
  return process.pid
}

/** @param {string} command  for sh; runs on when this task ends @param {'ignore' | 'inherit'} [stdio] */
export async function leaveChild(command, stdio = 'ignore') {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', stdio, stdio] })
  child.unref()
  return child.pid
}

/** As `leaveChild`, with an environment of its own. @param {string} command @param {Record<string, string>} env */
export async function leaveChildWith(command, env) {
  const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore', env })
  child.unref()
  return child.pid
}

/** @param {number} pid @param {NodeJS.Signals} signal */
export async function killOther(pid, signal) {
  process.kill(pid, signal)
  await delay(50)
  return 'sent'
}

/** @param {string} text @param {number} times */
export function writeOut(text, times) {
  for (let index = 0; index < times; index++) process.stdout.write(text)
  return times
}

/**
 * Writes as a program does that minds back-pressure.
 * @param {string} text @param {number} times @param {'stdout' | 'stderr'} [name]
 */
export async function writePaced(text, times, name = 'stdout') {
  const stream = process[name]
  for (let index = 0; index < times; index++) {
    if (!stream.write(text)) await new Promise((go) => stream.once('drain', go))
  }
  return times
}

/** Has a command write to our stdout. @param {number} bytes */
export async function floodByChild(bytes) {
  const child = spawn('head', ['-c', String(bytes), '/dev/zero'], {
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  await new Promise((resolve) => child.once('exit', resolve))
  return bytes
}

/** @param {string} text @param {number} times */
export function writeErr(text, times) {
  for (let index = 0; index < times; index++) process.stderr.write(text)
  return times
}

/** What a child that was given our stdin reads from it. */
export async function readStdin() {
  let size = 0
  for await (const chunk of process.stdin) size += String(chunk).length
  return size
}

/** @param {unknown} value */
export function echo(value) {
  return value
}

/** @param {'function' | 'symbol' | 'promise' | 'deep' | 'getter'} what */
export function notCloneable(what) {
  if (what === 'function') return () => {}
  if (what === 'symbol') return Symbol('x')
  if (what === 'promise') return { inner: Promise.resolve() }
  if (what === 'deep') return { a: [{ b: new Map([['k', () => {}]]) }] }
  return {
    get value() {
      throw new Error('a getter of the result')
    },
  }
}

/** @param {'function' | 'field' | 'cause' | 'getter'} what */
export function throwNotCloneable(what) {
  if (what === 'function') {
    // oxlint-disable-next-line typescript/only-throw-error -- the point of this task
    throw () => {}
  }
  const error = new Error(what)
  if (what === 'field') Object.assign(error, { field: () => {}, kept: 1 })
  if (what === 'cause') error.cause = Symbol('cause')
  if (what === 'getter') {
    Object.defineProperty(error, 'field', {
      enumerable: true,
      get() {
        throw new Error('a getter of the error')
      },
    })
  }
  throw error
}

/** A result whose reading ends the worker. @param {NodeJS.Signals | 'exit'} how */
export function crashWhileWritten(how) {
  return {
    before: 'x'.repeat(100_000),
    get value() {
      if (how === 'exit') process.exit(5)
      process.kill(process.pid, how)
      spinMs(60_000)
      return 1
    },
  }
}

/** A result that takes long to write. @param {number} bytes @param {string} file */
export function large(bytes, file) {
  if (file) appendFileSync(file, `${process.pid}\n`)
  return Buffer.alloc(bytes, 'x')
}

/** As `large`, deeper down. @param {number} bytes */
export function largeInside(bytes) {
  return { list: [{ text: 'x'.repeat(bytes) }] }
}

/** @param {string} file */
export async function fillHeap(file) {
  appendFileSync(file, `${process.pid}\n`)
  const kept = []
  for (;;) {
    kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
    if (kept.length % 50 === 0) await delay(0)
  }
}

/** Takes memory outside of the heap, without end. @param {string} file */
export function eatMemory(file) {
  appendFileSync(file, `${process.pid}\n`)
  const kept = []
  for (;;) kept.push(Buffer.alloc(2 ** 22, 1))
}

/** @param {number} ms @param {NodeJS.Signals | 'exit' | undefined} how */
export function spinThenKill(ms, how) {
  spinMs(ms)
  if (how === undefined) return
  if (how === 'exit') process.exit(9)
  process.kill(process.pid, how)
  spinMs(60_000)
}

/** An initializer that ends its worker as long as a file is there. @param {{ file: string, log: string, afterMs?: number }} data */
export async function dyingInitializer({ file, log, afterMs }) {
  const { existsSync } = await import('node:fs')
  appendFileSync(log, `${process.hrtime.bigint()}\n`)
  if (!existsSync(file)) return
  if (afterMs === undefined) process.exit(7)
  setTimeout(() => process.exit(7), afterMs)
}

/** Ends the worker, and tells when. @param {string} file */
export function exitAndNote(file) {
  process.on('exit', () => appendFileSync(file, `${process.hrtime.bigint()}\n`))
  process.exit(3)
}

/** Highest resident memory of this process so far. */
export function peakMiB() {
  return process.resourceUsage().maxRSS / 1024
}

/** @param {number} ms */
export async function waitMs(ms) {
  await delay(ms)
  return ms
}

/** @param {string} file @param {NodeJS.Signals | 'exit'} how */
export function noteAndEnd(file, how) {
  appendFileSync(file, `${process.pid}\n`)
  if (how === 'exit') process.exit(9)
  process.kill(process.pid, how)
  spinMs(60_000)
}

/** Bytes that are all the same, the other way round; others are an error. @param {Uint8Array} bytes */
export function inverted(bytes) {
  const [value = 0] = bytes
  if (!Buffer.alloc(bytes.length, value).equals(bytes)) throw new Error('bytes of somebody else')
  return new Uint8Array(bytes.length).fill(255 - value)
}
