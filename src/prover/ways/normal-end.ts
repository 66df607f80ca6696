import type { Way } from '../way.ts'

/** The command ends by itself. */
export const normalEnd: Way = {
  id: 'normal',
  label: 'normal end',
  atRandomMoment: false,
}
