// @ts-expect-error it is missing
import './not-here.mjs'
export const task = () => 1
