// The work that the questions give to every contender: each takes one argument.
export { whoAmI } from './subjects/work.mjs'

/** Nothing to do, with a small object. @param {{ a: number, b: number }} pair */
export function add(pair) {
  return pair.a + pair.b
}

/** @param {unknown} value */
export function echo(value) {
  return value
}

/** Keeps the processor busy. @param {number} ms */
export function spin(ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}
