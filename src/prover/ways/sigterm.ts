import type { Way } from '../way.ts'

/** `kill PID`, `docker stop`, `systemctl stop` with `KillMode=process`. */
export const sigterm: Way = {
  id: 'sigterm',
  label: 'SIGTERM',
  atRandomMoment: true,
  end: (trial) => (trial.signalRoot('SIGTERM') ? trial.root : undefined),
}
