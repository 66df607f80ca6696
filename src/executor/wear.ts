/** What a worker's memory tells: whether it has grown too much to go on. */
import type { ResolvedOptions } from './options.ts'
import type { Seat } from './seat.ts'

/** Memory of one worker: resident for a process, of its isolate for a thread. */
export interface WorkerMemory {
  readonly bytes: number
  /** More than when it was ready. */
  readonly grownBytes: number
  readonly growthBytesPerTask: number
}

type Limits = Pick<ResolvedOptions, 'maxWorkerRssBytes' | 'maxWorkerGrowthBytes'>

/** Notes what a worker has told. A worker that is worn out gets no more tasks, and is replaced when it has none. */
export function noteMemory(seat: Seat, bytes: number, limits: Limits): void {
  const grownBytes = bytes - (seat.readyBytes ?? bytes)
  seat.memory = { bytes, grownBytes, growthBytesPerTask: grownBytes / Math.max(1, seat.answered) }
  if (bytes > limits.maxWorkerRssBytes) seat.replacedFor ??= 'memory'
  else if (grownBytes > limits.maxWorkerGrowthBytes) seat.replacedFor ??= 'growth'
  if (seat.replacedFor !== undefined) seat.isWornOut = true
}
