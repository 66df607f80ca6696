import type { Way } from '../way.ts'

/** The out-of-memory killer, or `kill -9 PID`: nothing in the command can react. */
export const sigkillRoot: Way = {
  id: 'sigkill',
  label: 'SIGKILL of the root',
  atRandomMoment: true,
  end: (trial) => (trial.signalRoot('SIGKILL') ? trial.root : undefined),
}
