import type { WorkerSetup } from '../worker/protocol.ts'
import type { ResolvedOptions } from './options.ts'

/** What all workers of an executor are told. @param initializerModule  Where `initializer` is exported. */
export function setupFor(
  options: ResolvedOptions,
  initializerModule: string,
): Omit<WorkerSetup, 'workerId' | 'signalsIgnored'> {
  const { initializer, initializerData, maxWorkerRssBytes, maxWorkerGrowthBytes } = options
  return {
    ownerPid: process.pid,
    concurrency: options.tasksPerWorker,
    initializer:
      initializer === undefined
        ? undefined
        : { module: initializerModule, name: initializer, data: initializerData },
    reportRss: Math.min(maxWorkerRssBytes, maxWorkerGrowthBytes) !== Infinity,
    onStuck: options.stuckAfterMs === Infinity ? undefined : options.onStuck,
  }
}
