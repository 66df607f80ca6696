import { peer } from '../../contenders/peer.mjs'

const { default: workerpool } = await peer('workerpool')

/** @param {unknown} value */
export const echo = (value) =>
  value instanceof Uint8Array ? new workerpool.Transfer(value, [value.buffer]) : value

export { whoAmI } from '../../subjects/work.mjs'
