import { transfer } from '../../../dist/index.js'

/** @param {unknown} value */
export function echo(value) {
  const isOwn = value instanceof Uint8Array && value.buffer instanceof ArrayBuffer
  return isOwn ? transfer(value, [value.buffer]) : value
}

export { whoAmI } from '../../subjects/work.mjs'
