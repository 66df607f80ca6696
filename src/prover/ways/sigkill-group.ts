import type { Way } from '../way.ts'

/** What `timeout -k` and many a CI runner end with: whoever would have cleaned up inside the group is killed too. */
export const sigkillGroup: Way = {
  id: 'sigkill-group',
  label: 'SIGKILL of the group',
  atRandomMoment: true,
  end: (trial) => (trial.signalGroup('SIGKILL') ? trial.root : undefined),
}
