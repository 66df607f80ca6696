/**
 * Tasks on an inline worker can submit to the executor that they run on. When each of its places is taken by a task that
 * awaits such a call, and these have not begun, none ever will.
 *
 * Whether a task waits is seen by who calls `then` on the future: `await` and `Promise.all` do it with functions of the
 * engine, in the asynchronous context of the task. A task that submits and does not await is none of these. One that lets
 * another function await and goes on itself looks the same, but ends, or awaits something else; so the executor is given
 * up only when nothing has changed for a while.
 */
import type { Roster } from './roster.ts'
import type { Task } from './task.ts'

/** So long nothing begins and nothing ends. */
const STILL_MS = 500

export class SelfWait {
  readonly #roster: Roster
  readonly #places: number
  readonly #giveUp: (task: Task, waiting: readonly Task[]) => void
  /** By the task that waits: what it waits for. */
  readonly #waits = new Map<Task, Set<Task>>()
  #last: Task | undefined
  #timer: NodeJS.Timeout | undefined

  /**
   * @param places  Tasks that each worker runs at once.
   * @param giveUp  Rejects a task that cannot begin, because those tasks wait and hold all places.
   */
  constructor(
    roster: Roster,
    places: number,
    giveUp: (task: Task, waiting: readonly Task[]) => void,
  ) {
    this.#roster = roster
    this.#places = places
    this.#giveUp = giveUp
  }

  /** Somebody calls `then` on the future of a task. */
  thenCalled(task: Task, onFulfilled: unknown): void {
    if (this.#hasInlineWorker && isOfEngine(onFulfilled)) this.awaited(task)
  }

  /** Whoever calls it goes on when the task has its outcome. */
  awaited(task: Task): void {
    if (task.isSettled) return
    const waiting = this.#taskHere()
    if (!waiting) return
    const waits = this.#waits.get(waiting) ?? new Set()
    this.#waits.set(waiting, waits.add(task))
    this.#last = task
    this.#look()
  }

  #look(): void {
    for (const waiting of this.#waits.keys()) if (!waiting.seat) this.#waits.delete(waiting)
    const stuck = this.#stuck()
    if (!stuck || this.#timer) return
    // It keeps the process alive: else it would end with status 13, and nobody would know why.
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const still = this.#stuck()
      const isSame = still?.length === stuck.length && still.every((task) => stuck.includes(task))
      if (still && isSame) this.#giveUpOne(still)
      else if (still) this.#look()
    }, STILL_MS)
  }

  /** The tasks that hold every place while they wait; undefined when one of them can go on. */
  #stuck(): readonly Task[] | undefined {
    const stuck: Task[] = []
    for (const seat of this.#roster.seats) {
      if (seat.worker?.kind !== 'inline' || seat.state !== 'ready') return undefined
      const begun = seat.inflight.values().filter((task) => seat.hasBegun(task))
      if (begun.length < this.#places || !begun.every((task) => this.#isWaiting(task)))
        return undefined
      stuck.push(...begun)
    }
    return stuck.length > 0 ? stuck : undefined
  }

  #isWaiting(task: Task): boolean {
    return !task.isSettled && this.#unsettled(task).length > 0
  }

  #unsettled(task: Task): Task[] {
    return Array.from(this.#waits.get(task) ?? []).filter((other) => !other.isSettled)
  }

  /** One is enough: whoever awaited it goes on, and its place becomes free for the others. */
  #giveUpOne(stuck: readonly Task[]): void {
    const awaited = stuck.flatMap((task) => this.#unsettled(task))
    const unbegun = awaited.filter((task) => task.seat?.hasBegun(task) !== true)
    const last = unbegun.find((task) => task === this.#last)
    const task = last ?? unbegun[0] ?? awaited[0]
    if (task) this.#giveUp(task, stuck)
  }

  get #hasInlineWorker(): boolean {
    for (const { worker } of this.#roster.seats) if (worker?.seqHere) return true
    return false
  }

  #taskHere(): Task | undefined {
    for (const { worker, inflight } of this.#roster.seats) {
      const seq = worker?.seqHere?.()
      if (seq !== undefined) return inflight.get(seq)
    }
    return undefined
  }
}

/** What `await`, `Promise.all` and the like pass to `then`; what users pass has a text of its own. */
function isOfEngine(onFulfilled: unknown): boolean {
  return (
    typeof onFulfilled === 'function' &&
    Function.prototype.toString.call(onFulfilled) === 'function () { [native code] }'
  )
}
