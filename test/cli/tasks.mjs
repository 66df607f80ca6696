// Tasks for the tests of `tidypool run`.
import { appendFileSync, readFileSync } from 'node:fs'

/** @param {unknown} input @param {Record<string, string>} params */
export default function echo(input, params) {
  return { input, params }
}

/** @param {unknown} input */
export function failsOnOdd(input) {
  if (Number(input) % 2 === 1) throw new RangeError(`odd: ${String(input)}`)
  return input
}

/** @param {unknown} input */
export function alwaysFails(input) {
  throw new TypeError(`never works: ${String(input)}`)
}

/** @param {unknown} input */
export function prints(input) {
  console.log(`task says ${String(input)}`)
  return input
}

/** What a task finds on its standard input: nothing. */
export function readsStdin() {
  return readFileSync(0, 'utf8')
}

/** Says that it has begun, then waits for ever. @param {unknown} input @param {{ ledger: string }} params */
export async function waits(input, { ledger }) {
  appendFileSync(ledger, `${String(input)}\n`)
  await new Promise((resolve) => setTimeout(resolve, 1e9))
}

/** @param {unknown} input @param {{ ledger: string }} params */
export function loops(input, { ledger }) {
  appendFileSync(ledger, `${String(input)}\n`)
  for (;;);
}

/** Every third call waits for ever, the others do not. @param {number} input @param {{ ledger: string }} params */
export async function waitsOnThird(input, params) {
  if (input % 3 === 0) await waits(input, params)
  return input
}

/** A few milliseconds of work, noted when it is done. @param {unknown} input @param {{ ledger: string }} params */
export async function works(input, { ledger }) {
  await new Promise((resolve) => setTimeout(resolve, 3))
  appendFileSync(ledger, `${String(input)}\n`)
  return input
}

/** Dies with its worker. */
export function dies() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** Works at the second attempt. @param {unknown} input @param {{ ledger: string }} params */
export function secondTime(input, { ledger }) {
  appendFileSync(ledger, `${String(input)}\n`)
  const times = readFileSync(ledger, 'utf8')
    .split('\n')
    .filter((line) => line === String(input))
  if (times.length < 2) throw new Error('not yet')
  return times.length
}

/** A result of half a MiB. @param {unknown} input */
export function big(input) {
  return `${String(input)}${'x'.repeat(512 * 1024)}`
}

/** JSON cannot hold it. */
export function returnsMap() {
  return new Map([[1, 2]])
}

/** @param {unknown} input */
export function noop(input) {
  return input
}

/** A loop that ends. @param {unknown} input @param {{ ms: string }} params */
export function spins(input, { ms }) {
  const until = performance.now() + Number(ms)
  while (performance.now() < until);
  return input
}

/** @param {number} input @param {{ ledger: string }} params */
export function loopsOnTwo(input, params) {
  if (input === 2) loops(input, params)
  return input
}
