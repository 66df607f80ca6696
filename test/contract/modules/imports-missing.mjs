// @ts-expect-error it is missing
// oxlint-disable-next-line no-unassigned-import -- that it fails is what is tested
import './not-here.mjs'
export const task = () => 1
