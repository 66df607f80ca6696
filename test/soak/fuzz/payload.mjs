// Arguments and results of every size, made from the number of their call alone: what belongs to another call, or was
// damaged on its way, is seen.
import { isDeepStrictEqual } from 'node:util'

/** @typedef {'none' | 'bytes' | 'buffer' | 'text' | 'wide' | 'nested'} Shape */

/** @type {readonly [Shape, ...Shape[]]} */
export const shapes = ['bytes', 'bytes', 'buffer', 'text', 'wide', 'nested']
export const LARGEST_BYTES = 2 * 2 ** 20

/** What a call returns that returns nothing large. @param {number} number */
export function answerOf(number) {
  return Math.imul(number ^ 0x9e3779b9, 0x85ebca6b) >>> 0
}

/** @param {Shape} shape @param {number} size in bytes, about @param {number} number @returns {unknown} */
export function make(shape, size, number) {
  switch (shape) {
    case 'none':
      return answerOf(number)
    case 'bytes':
      return bytesOf(size, number)
    case 'buffer':
      return bytesOf(size, number).buffer
    case 'text':
      return `${number}:`.padEnd(size, 'abcdefg ')
    case 'wide':
      return `${number}:`.padEnd(size >>> 1, 'жλ✓')
    case 'nested':
      return nestedOf(size, number)
  }
}

/** @param {unknown} value @param {Shape} shape @param {number} size @param {number} number */
export function isMade(value, shape, size, number) {
  if (shape === 'bytes') return value instanceof Uint8Array && isBytes(value, size, number)
  if (shape === 'buffer')
    return value instanceof ArrayBuffer && isBytes(new Uint8Array(value), size, number)
  if (shape === 'nested') return isDeepStrictEqual(value, nestedOf(size, number))
  return value === make(shape, size, number)
}

/** @param {number} size @param {number} number */
function bytesOf(size, number) {
  const bytes = new Uint8Array(size).fill(number)
  if (size >= 4) new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

/** @param {Uint8Array} bytes @param {number} size @param {number} number */
function isBytes(bytes, size, number) {
  return bytes.length === size && Buffer.compare(bytes, bytesOf(size, number)) === 0
}

/** @param {number} size @param {number} number */
function nestedOf(size, number) {
  const entries = Math.min(200, size >>> 7)
  return {
    number,
    at: new Date(number),
    list: Array.from({ length: entries }, (_, index) => ({ index, name: `entry ${index}` })),
    map: new Map([[number, new Set([`${number}`, size])]]),
    bytes: bytesOf(size >>> 1, number),
    large: BigInt(number) ** 5n,
    none: undefined,
  }
}
