// Real work for processors: what the question on it gives to every contender, and to one thread.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { parse } from 'acorn'

const PIECE_BYTES = 1024 * 1024

/** How many statements a file has at its top, parsed as a module or else as a script; 0 when it is neither. @param {string} file */
export function parseFile(file) {
  const text = readFileSync(file, 'utf8')
  for (const sourceType of /** @type {const} */ (['module', 'script'])) {
    try {
      const options = { sourceType, allowHashBang: true, allowReturnOutsideFunction: true }
      return parse(text, { ecmaVersion: 'latest', ...options }).body.length
    } catch {
      // JSX, types, a fixture that is meant to be wrong: every contender has the same.
    }
  }
  return 0
}

/** SHA-256 of a file, read piece by piece. @param {string} file */
export function hashFile(file) {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    for (let size = -1; size !== 0;) {
      size = readSync(descriptor, piece, 0, PIECE_BYTES, null)
      hash.update(piece.subarray(0, size))
    }
  } finally {
    closeSync(descriptor)
  }
  return hash.digest('hex')
}
