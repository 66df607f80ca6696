import { signalSeen } from '../../supervisor/process-tree.ts'
import type { Way } from '../way.ts'

/** The out-of-memory killer takes a worker, as it mostly does: one descendant, drawn at random. */
export const sigkillWorker: Way = {
  id: 'sigkill-worker',
  label: 'SIGKILL of a worker',
  atRandomMoment: true,
  end(trial) {
    const worker = trial.choose(trial.workers())
    return worker && signalSeen(worker, 'SIGKILL') ? trial.root : undefined
  },
}
