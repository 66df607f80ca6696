// The trivial task of `run`, and as a program the same for the lines in its arguments or on its standard input: what one gives to
// xargs and GNU parallel.
import { readFileSync, writeFileSync } from 'node:fs'

/** @param {string} line */
export const lengthOf = (line) => line.length

if (process.argv[1] === import.meta.filename) {
  const given = process.argv.slice(2)
  const lines = given.length > 0 ? given : readFileSync(0, 'utf8').split('\n').slice(0, -1)
  writeFileSync(1, lines.map((line) => `${JSON.stringify(lengthOf(line))}\n`).join(''))
}
