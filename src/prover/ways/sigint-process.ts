import type { Way } from '../way.ts'

/** `kill -INT PID`: what a supervisor does that means well. Workers are not told. */
export const sigintProcess: Way = {
  id: 'sigint',
  label: 'SIGINT to the process',
  atRandomMoment: true,
  end: (trial) => (trial.signalRoot('SIGINT') ? trial.root : undefined),
}
