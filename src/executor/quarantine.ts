/**
 * Tasks that ended as many workers as they may (`crashRetries`). Each is run once more while nothing else of this executor
 * runs, on a worker that has run nothing: who died of its neighbours succeeds, and who kills its worker is known for it.
 */
import type { Task } from './task.ts'

/**
 * ```
 *            add                 nothing runs            it has ended
 *   empty ─────────▶ holding ───────────────────▶ alone ──────────────▶ giving way │ empty
 *                     ▲   └── not quiet in time ──────────────────────────▶ │
 *                     └──── others had their share, or nothing is left of them ──┘
 * ```
 * While `holding` and `alone`, nothing else is given to a worker.
 */
type State = 'empty' | 'holding' | 'alone' | 'giving way'

/** Others are held back no longer than this for what runs to end: it may be a task that never does. */
const LONGEST_HOLD_MS = 60_000
/** After each turn the others go on for this many times as long as it took. */
const SHARE_OF_OTHERS = 4

/** What there is besides the quarantine. */
export interface Others {
  /** A worker is occupied. */
  readonly run: boolean
  /** Something could be given to one. */
  readonly wait: boolean
}

export class Quarantine {
  readonly #waiting = new Set<Task>()
  readonly #onChange: () => void
  #state: State = 'empty'
  #heldSinceMs = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onChange  Called when others may go on, or have to wait. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** Tasks that wait for their turn. */
  get size(): number {
    return this.#waiting.size
  }

  get isEmpty(): boolean {
    return this.#state === 'empty'
  }

  /** Whether it waits for what runs to end. */
  get isHolding(): boolean {
    return this.#state === 'holding'
  }

  add(task: Task): void {
    task.state = 'quarantined'
    task.trouble().isQuarantined = true
    this.#waiting.add(task)
    if (this.#state === 'empty') this.#hold()
  }

  /** The task has its outcome before its turn. */
  forget(task: Task): void {
    this.#waiting.delete(task)
    if (this.#waiting.size > 0 || this.#state === 'alone') return
    this.#become('empty')
    this.#onChange()
  }

  /** Whether the others must wait now. */
  holdsBack(others: Others): boolean {
    if (this.#state === 'alone' && !others.run) this.#giveWay()
    if (this.#state === 'giving way' && !others.run && !others.wait) this.#hold()
    // From here on it takes as long as a worker needs to start.
    if (this.#state === 'holding' && !others.run) clearTimeout(this.#timer)
    return this.#state === 'holding' || this.#state === 'alone'
  }

  /** The task whose turn it is. Nothing runs. */
  take(): Task | undefined {
    const [task] = this.#waiting
    if (!task) return undefined
    this.#waiting.delete(task)
    this.#become('alone')
    return task
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #hold(): void {
    this.#become('holding', LONGEST_HOLD_MS, () => this.#giveWay())
    this.#heldSinceMs = performance.now()
    this.#onChange()
  }

  #giveWay(): void {
    const turnMs = performance.now() - this.#heldSinceMs
    if (this.#waiting.size === 0) this.#become('empty')
    else this.#become('giving way', turnMs * SHARE_OF_OTHERS, () => this.#hold())
    this.#onChange()
  }

  #become(state: State, ms?: number, then?: () => void): void {
    this.#state = state
    clearTimeout(this.#timer)
    // What runs keeps the process alive, not the wait for it.
    this.#timer = then && setTimeout(then, ms).unref()
  }
}
