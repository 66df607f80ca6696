import type { Way } from '../way.ts'

/** Ctrl-C: workers get it as well, at the same time. */
export const sigintGroup: Way = {
  id: 'sigint-group',
  label: 'SIGINT to the group',
  atRandomMoment: true,
  end: (trial) => (trial.signalGroup('SIGINT') ? trial.root : undefined),
}
