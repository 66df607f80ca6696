import { Moved } from '../../contenders/workers/moved.mjs'

/** @param {unknown} value */
export const echo = (value) =>
  value instanceof Uint8Array ? new Moved(/** @type {Uint8Array<ArrayBuffer>} */ (value)) : value

export { whoAmI } from '../../subjects/work.mjs'
