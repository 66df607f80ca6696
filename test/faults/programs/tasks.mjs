// What the programs under test have their workers do.
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** @param {number} n */
export function twice(n) {
  return 2 * n
}

/** @param {number} ms @param {unknown} [value] */
export async function wait(ms, value) {
  await delay(ms)
  return value
}

/** Blocks the thread and never returns, without taking processor time from what is measured. */
export function block() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** A loop that never returns. */
export function spin() {
  for (;;);
}

/** @param {string} message */
export function fail(message) {
  throw new Error(message)
}

/** Starts a process that leaves the worker's session, and returns its number. */
export function leaveSession() {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  child.unref()
  return child.pid
}

/** Starts a process that stays in the worker's session, and returns its number. */
export function startChild() {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  child.unref()
  return child.pid
}
