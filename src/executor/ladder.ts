/**
 * The steps by which an executor gives way to pressure, and comes back: a state machine without clock and without workers.
 *
 * ```
 *   process × n ──▶ process × fewer ──▶ thread × n ──▶ thread × 1 ──▶ inline
 *        ◀───────────────◀─────────────────◀──────────────◀── after a calm time
 * ```
 *
 * Down at once, up one step at a time after a calm time, which doubles whenever pressure was met again soon after a step
 * up: so an executor at the edge of what its machine can bear does not go up and down all the time.
 */

import type { Rung } from '../lifetime/life.ts'

/** The calm time is doubled at most this often. */
const MAX_DOUBLINGS = 5

export class Ladder {
  readonly #top: Rung
  readonly #last: 'thread' | 'inline'
  readonly #calmMs: number
  #rung: Rung
  #pressureAtMs = Number.NEGATIVE_INFINITY
  #upAtMs = Number.NEGATIVE_INFINITY
  #doublings = 0

  /**
   * @param top     Where it begins, and where it comes back to.
   * @param last    The last rung.
   * @param calmMs  Time without pressure before the first step up.
   */
  constructor(top: Rung, last: 'thread' | 'inline', calmMs: number) {
    this.#top = top
    this.#rung = top
    this.#last = last
    this.#calmMs = calmMs
  }

  get rung(): Rung {
    return this.#rung
  }

  get isAtTop(): boolean {
    return this.#rung.place === this.#top.place && this.#rung.workers === this.#top.workers
  }

  /** How long it must be calm before the next step up, in milliseconds. */
  get calmMs(): number {
    return this.#calmMs * 2 ** this.#doublings
  }

  /** When a step up is due, on the clock of `nowMs`; Infinity at the top. */
  get upDueMs(): number {
    return this.isAtTop ? Infinity : Math.max(this.#pressureAtMs, this.#upAtMs) + this.calmMs
  }

  /**
   * No worker more can be had.
   *
   * @param alive  Workers of this rung that there are.
   * @returns the new rung; undefined on the last one.
   */
  down(alive: number, nowMs: number): Rung | undefined {
    const { place, workers } = this.#rung
    const next = this.#below(alive)
    if (next.place === place && next.workers === workers) return undefined
    return this.#go(next, nowMs)
  }

  /**
   * A worker ran out of memory: with fewer beside it, it would have had more. A last process stays a process: in a thread, it
   * would take the program along.
   *
   * @returns the new rung; undefined with one worker.
   */
  fewer(nowMs: number): Rung | undefined {
    const { place, workers } = this.#rung
    this.#pressed(nowMs)
    if (workers === 1) return undefined
    this.#rung = { place, workers: Math.floor(workers / 2) }
    return this.#rung
  }

  /** One step back. Ask when `upDueMs` has come. */
  up(nowMs: number): Rung | undefined {
    if (nowMs < this.upDueMs) return undefined
    if (nowMs - this.#pressureAtMs > 4 * this.calmMs) this.#doublings = 0
    this.#upAtMs = nowMs
    this.#rung = this.#above()
    return this.#rung
  }

  #go(next: Rung, nowMs: number): Rung {
    this.#pressed(nowMs)
    this.#rung = next
    return next
  }

  #pressed(nowMs: number): void {
    if (nowMs - this.#upAtMs <= this.calmMs && this.#doublings < MAX_DOUBLINGS) this.#doublings += 1
    this.#pressureAtMs = nowMs
  }

  #below(alive: number): Rung {
    const { place, workers } = this.#rung
    if (alive > 0) return { place, workers: Math.min(alive, workers) }
    // Several that start at once can take from each other what is enough for one.
    if (workers > 1 && place === 'process') return { place, workers: 1 }
    if (place === 'process') return { place: 'thread', workers: this.#top.workers }
    if (place === 'thread' && workers > 1) return { place, workers: 1 }
    return { place: this.#last, workers: 1 }
  }

  #above(): Rung {
    const { place, workers } = this.#rung
    const { workers: most } = this.#top
    if (place === 'inline') return { place: 'thread', workers: 1 }
    if (workers < most) return { place, workers: Math.min(most, workers * 2) }
    return { place: 'process', workers: 1 }
  }
}
