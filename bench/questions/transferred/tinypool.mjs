import { peer } from '../../contenders/peer.mjs'

const { default: Tinypool } = await peer('tinypool')

/** @param {unknown} value */
export const echo = (value) => (value instanceof Uint8Array ? Tinypool.move(value) : value)

export { whoAmI } from '../../subjects/work.mjs'
