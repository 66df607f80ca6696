/** Whether a worker ended because it, or all together, had no memory left. */
import { memoryKills } from '../os/memory-killer.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import { isHeapFull } from './death.ts'
import type { StepCause } from './step-cause.ts'

export class ShortOfMemory {
  #kills = memoryKills()

  /** undefined: it had another reason. */
  causeOf(end: WorkerEnd): StepCause | undefined {
    if (end.how !== 'died') return undefined
    if (isHeapFull(end)) return { why: 'heap' }
    if (end.signal !== 'SIGKILL') return undefined
    const before = this.#kills
    this.#kills = memoryKills()
    return this.#kills > before ? { why: 'memory' } : undefined
  }
}
