import type { ExecutorStats, FailureCause } from '../lifetime/life.ts'

/** What an account adds to the counts of tasks and workers. */
export type Accounted = Omit<
  ExecutorStats,
  'workers' | 'idle' | 'queued' | 'running' | 'finished' | 'failed' | 'cancelled' | 'stuck'
>

/** None has failed yet. */
export function noFailures(): Record<FailureCause, number> {
  return {
    error: 0,
    timeout: 0,
    stuck: 0,
    workerDied: 0,
    workerStart: 0,
    module: 0,
    clone: 0,
    other: 0,
  }
}
