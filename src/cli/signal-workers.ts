/** Passes stop and continue on to worker processes with all that they started. */
import type { WorkerSnapshot } from '../executor/executor.ts'

export function signalWorkers(
  workers: readonly WorkerSnapshot[],
  signal: 'SIGSTOP' | 'SIGCONT',
): void {
  for (const { pid, state } of workers) {
    // 1 and less would mean "everybody"; a worker process leads the group of its own number.
    if (pid === undefined || pid <= 1 || pid === process.pid || state === 'ended') continue
    try {
      process.kill(-pid, signal)
    } catch {
      // It ended in this moment, or has not become the leader of its group yet: then it has begun nothing.
    }
  }
}
