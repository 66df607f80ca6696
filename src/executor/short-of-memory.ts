/** Whether a worker ended because it, or all together, had no memory left. */
import { headroom, leftOf } from '../os/headroom.ts'
import { memoryKills } from '../os/memory-killer.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import { isHeapFull } from './death.ts'
import type { StepCause } from './step-cause.ts'

export class ShortOfMemory {
  #kills = memoryKills()

  /** undefined: it had another reason. */
  causeOf(end: WorkerEnd): StepCause | undefined {
    if (end.how !== 'died') return undefined
    // With memory to spare it is the task that needs more than its worker may have, and fewer workers would be no help.
    if (isHeapFull(end)) return isMemoryShort() ? { why: 'heap' } : undefined
    if (end.signal !== 'SIGKILL') return undefined
    const before = this.#kills
    this.#kills = memoryKills()
    return this.#kills > before ? { why: 'memory' } : undefined
  }
}

/** Less than a tenth is left, of whichever limit leaves least. */
function isMemoryShort(): boolean {
  return headroom().some((level) => level.resource === 'memory' && leftOf(level) < level.limit / 10)
}
