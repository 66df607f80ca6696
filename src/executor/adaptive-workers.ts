/**
 * Chooses the workers of an `AdaptiveExecutor`.
 *
 * - Under pressure it goes down its ladder, and up again when it has been calm (`ladder.ts`). Tasks stay in the one queue of
 *   the executor, so that no step costs any of them.
 * - Work that takes less time than starting anything is done on the calling thread (`brief-work.ts`).
 */
import type { WorkerStartError } from '../errors.ts'
import type { Holdings } from '../lifetime/holdings.ts'
import type { LadderStep, Place, Rung } from '../lifetime/life.ts'
import type { WorkerSetup } from '../worker/protocol.ts'
import type { Worker, WorkerEnd, WorkerListener } from '../worker/worker.ts'
import { placeOf, type Adaptation, type AdaptationControls } from './adaptation.ts'
import { BriefWork } from './brief-work.ts'
import { publishStep } from './events.ts'
import { Ladder } from './ladder.ts'
import type { WorkerNeeds } from './needs.ts'
import type { WorkerSource } from './roster.ts'
import type { Seat } from './seat.ts'
import { ShortOfMemory } from './short-of-memory.ts'
import { describeCause, whatIsLeft, type StepCause } from './step-cause.ts'

export interface AdaptiveRules {
  readonly top: Rung
  readonly lastRung: 'thread' | 'inline'
  readonly calmMs: number
  /** Work expected to take less than this in all is done inline; 0: none is. */
  readonly inlineBelowMs: number
}

/** Steps that are remembered. */
const REMEMBERED = 100

export class AdaptiveWorkers implements Adaptation {
  readonly #sources: Readonly<Record<Place, WorkerSource>>
  readonly #ladder: Ladder
  readonly #maxWorkers: number
  readonly #brief: BriefWork
  readonly #memory = new ShortOfMemory()
  readonly #steps: LadderStep[] = []
  #controls: AdaptationControls | undefined
  #calm: NodeJS.Timeout | undefined
  readonly #madeAtMs: number = performance.now()

  constructor(sources: Readonly<Record<Place, WorkerSource>>, rules: AdaptiveRules) {
    this.#sources = sources
    this.#maxWorkers = rules.top.workers
    this.#ladder = new Ladder(rules.top, rules.lastRung, rules.calmMs)
    this.#brief = new BriefWork(rules.inlineBelowMs)
  }

  get rung(): Rung {
    return this.#ladder.rung
  }

  get needs(): WorkerNeeds | undefined {
    return this.#sources[this.place].needs
  }

  get admit(): WorkerSource['admit'] {
    return this.#sources[this.place].admit
  }

  /** The last hundred. */
  get steps(): readonly LadderStep[] {
    return this.#steps
  }

  attach(controls: AdaptationControls): void {
    this.#controls = controls
  }

  start(setup: WorkerSetup, listener: WorkerListener, holdings: Holdings): Worker {
    return this.#sources[this.place].start(setup, listener, holdings)
  }

  release(): void {
    for (const source of Object.values(this.#sources)) source.release()
  }

  prepare(waiting: number, expectedMs: number): void {
    if (!this.#controls) return
    const hasWorkers = this.#controls.seats.size > 0
    if (this.#brief.decide(waiting, expectedMs, hasWorkers)) this.#settle()
  }

  ready(seat: Seat): void {
    // What has stood in until there was one of this kind is done with; one of another kind comes too late.
    const place = placeOf(seat)
    if (place === this.place) this.#settle()
    // Inline where something else is wanted, it stands in for what the budget of the process tree did not allow.
    else if (place !== 'inline') this.#controls?.wearOut(seat)
  }

  answered(): void {
    this.#brief.answered()
  }

  ended(end: WorkerEnd): void {
    if (end.how === 'died') this.#brief.died()
    const cause = this.#memory.causeOf(end)
    if (!cause) return
    const from = this.rung
    this.#stepped('down', from, this.#ladder.fewer(performance.now()), cause)
  }

  startFailed(error: WorkerStartError): boolean {
    const from = this.rung
    const to = this.#ladder.down(this.#alive(from.place), performance.now())
    this.#stepped('down', from, to, { why: 'start', error: error.cause })
    return to !== undefined
  }

  refused(error: Error): void {
    const from = this.rung
    const alive = this.#alive(from.place)
    const seats = [...(this.#controls?.seats ?? [])]
    // Whether this rung holds is known when that one is ready, or has failed.
    if (alive === 0 && seats.some((seat) => placeOf(seat) === from.place)) return
    this.#stepped('down', from, this.#ladder.down(alive, performance.now()), {
      why: 'refused',
      error,
    })
  }

  stop(): void {
    clearTimeout(this.#calm)
  }

  get place(): Place {
    return this.#brief.isOn ? 'inline' : this.rung.place
  }

  #alive(place: Place): number {
    const seats = [...(this.#controls?.seats ?? [])]
    return seats.filter((seat) => seat.state === 'ready' && placeOf(seat) === place).length
  }

  #stepped(direction: 'up' | 'down', from: Rung, to: Rung | undefined, cause: StepCause): void {
    this.#watchCalm()
    const controls = this.#controls
    if (!to || !controls) return
    const alive = this.#alive(from.place)
    const step: LadderStep = {
      direction,
      from,
      to,
      alive,
      left: whatIsLeft(),
      atMs: performance.now() - this.#madeAtMs,
      ...describeCause(cause),
    }
    this.#steps.push(step)
    if (this.#steps.length > REMEMBERED) this.#steps.shift()
    publishStep(controls.executor, step)
    controls.startAnew()
    if (direction === 'down') this.#settle()
    else this.#probe(to)
  }

  /** Only what the rung allows is left. What idles goes at once: it holds memory that the next worker may need. */
  #settle(): void {
    const place = this.place
    for (const seat of this.#controls?.seats ?? [])
      if (placeOf(seat) !== place) this.#controls?.wearOut(seat)
    this.#controls?.setMaxWorkers(this.#brief.isOn ? 1 : this.rung.workers)
  }

  /** What there is goes on until one of the new kind is ready: there may be none to be had. Only where one worker is allowed, it goes first. */
  #probe(to: Rung): void {
    const seats = [...(this.#controls?.seats ?? [])].filter(({ isWornOut }) => !isWornOut)
    const [other] = seats.filter((seat) => placeOf(seat) !== to.place)
    if (!other) return this.#settle()
    // There are never more than before: where all places are taken, one of them becomes free.
    if (seats.length >= this.#maxWorkers) this.#controls?.wearOut(other)
    this.#controls?.setMaxWorkers(Math.min(this.#maxWorkers, seats.length + 1))
    this.#controls?.open()
  }

  /** Looks whether a step up is due. Nothing is kept alive for it. */
  #watchCalm(): void {
    clearTimeout(this.#calm)
    const dueMs = this.#ladder.upDueMs
    if (dueMs === Infinity) return
    const waitMs = Math.max(1, dueMs - performance.now())
    this.#calm = setTimeout(() => this.#rise(), waitMs).unref()
  }

  #rise(): void {
    // It is not known yet whether this rung holds.
    if ((this.#controls?.opening() ?? 0) > 0) {
      this.#calm = setTimeout(() => this.#rise(), this.#ladder.calmMs).unref()
      return
    }
    const from = this.rung
    const calmMs = this.#ladder.calmMs
    const to = this.#ladder.up(performance.now())
    if (to) this.#stepped('up', from, to, { why: 'calm', calmMs })
    else this.#watchCalm()
  }
}
