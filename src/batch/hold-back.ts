/**
 * `--memfree` and `--load`: no input is begun while memory is short, or the machine busy. What runs goes on: to kill it, as
 * GNU parallel does with the youngest job, would lose work that may be all that frees memory.
 *
 * ```
 *   input is asked for ─▶ enough? ── yes ──▶ begun
 *                           │ no  ▲
 *                           ▼     │ every second
 *                          wait ──┘
 * ```
 */
import { setTimeout as delay } from 'node:timers/promises'

import { leastMemory, leftOf } from '../os/headroom.ts'
import { machineLoad } from '../os/load.ts'

const LOOK_MS = 1000
/** So long nothing of ours runs and nothing may begin, before that is said. */
const SILENT_LOOKS = 10

export interface HoldBackOptions {
  /** An input is begun when so much memory is free, in bytes; undefined: however much. */
  readonly memfreeBytes: number | undefined
  /** An input is begun while the load is below this; undefined: whatever it is. */
  readonly maxLoad: number | undefined
}

/** Why nothing may begin now, in words; undefined when it may. */
export function obstacle({ memfreeBytes, maxLoad }: HoldBackOptions): string | undefined {
  if (memfreeBytes !== undefined) {
    const level = leastMemory()
    const free = level ? leftOf(level) : Infinity
    if (free < memfreeBytes)
      return `${free} bytes of memory are free (${level?.where ?? ''}), and --memfree asks for ${memfreeBytes}`
  }
  if (maxLoad !== undefined) {
    const load = machineLoad()
    if (load >= maxLoad)
      return `the load is ${load.toFixed(2)}, and --load asks for less than ${maxLoad}`
  }
  return undefined
}

export class HoldBack {
  readonly #obstacle: () => string | undefined
  readonly #isIdle: () => boolean
  readonly #onStarved: (why: string) => void
  readonly #lookMs: number
  #hasTold = false

  /**
   * @param isIdle     Whether nothing of the run is running.
   * @param onStarved  Called once, when nothing runs and nothing may begin for a while.
   */
  constructor(
    find: () => string | undefined,
    { isIdle, onStarved }: { isIdle: () => boolean; onStarved: (why: string) => void },
    lookMs: number = LOOK_MS,
  ) {
    this.#obstacle = find
    this.#isIdle = isIdle
    this.#onStarved = onStarved
    this.#lookMs = lookMs
  }

  /** Resolves when an input may begin, or the signal aborts; undefined: at once. */
  wait(signal: AbortSignal): Promise<void> | undefined {
    return this.#obstacle() === undefined ? undefined : this.#waitOn(signal)
  }

  async #waitOn(signal: AbortSignal): Promise<void> {
    let idleLooks = 0
    while (!signal.aborted) {
      await delay(this.#lookMs, undefined, { signal }).catch(() => {}) // aborted: seen above
      const why = this.#obstacle()
      if (why === undefined) return
      idleLooks = this.#isIdle() ? idleLooks + 1 : 0
      if (idleLooks >= SILENT_LOOKS && !this.#hasTold) {
        this.#hasTold = true
        this.#onStarved(why)
      }
    }
  }
}
