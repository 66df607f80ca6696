/**
 * The workers of an executor: starts them when there is work, with pauses when the operating system refuses,
 * and keeps the record of how each ended.
 */
import pRetry, { AbortError } from 'p-retry'

import { PressureError, WorkerStartError } from '../errors.ts'
import type { WorkerEndReport } from '../lifetime/life.ts'
import { privateBytes } from '../os/process-usage.ts'
import { decodeError } from '../worker/error-codec.ts'
import type { FromWorker, WorkerSetup } from '../worker/protocol.ts'
import type { Worker, WorkerEnd, WorkerListener } from '../worker/worker.ts'
import { admit } from './admission.ts'
import type { Holdings } from '../lifetime/holdings.ts'
import type { ExecutorAccount } from './account.ts'
import { START_BACK_OFF } from './back-off.ts'
import { isHeapFull } from './death.ts'
import { publishRefusal, publishWorker } from './events.ts'
import { Growth } from './growth.ts'
import type { WorkerNeeds } from './needs.ts'
import type { Reserve } from './options.ts'
import type { Slot } from './executor-limit.ts'
import { Seat } from './seat.ts'

/** A worker that an executor would like to have. */
export interface Opening {
  /** Calls `start` of the source. */
  start(): Promise<void>
  /** Whether there is still work for it. */
  isWanted(): boolean
  /** Whether the executor has another worker that takes tasks, or is starting one. */
  hasOthers(): boolean
  /** Aborted when the executor starts no more workers. */
  readonly signal: AbortSignal
}

/** Where workers come from: one implementation for each kind of executor. */
export interface WorkerSource {
  /** What a worker takes of the operating system; undefined: nothing. */
  readonly needs?: WorkerNeeds | undefined
  /** Starts it when that may be done; resolves without when it is wanted no more. Absent: it may be started at once. */
  readonly admit?: ((opening: Opening) => Promise<void>) | undefined
  /** Throws when the operating system refuses at once. */
  start(setup: WorkerSetup, listener: WorkerListener, holdings: Holdings): Worker
  /** The last worker has ended: what was held for them can be released. */
  release(): void
}

export interface RosterListener {
  onReady(seat: Seat): void
  onMessage(seat: Seat, message: FromWorker): void
  onEnd(seat: Seat, end: WorkerEnd): void
  /** Whether there is work for the worker that is being opened. */
  needsWorker(): boolean
  /** No attempt to start a worker succeeded. @param about  Whether user code failed: the initializer, or what it did. */
  onStartFailed(error: WorkerStartError, about: { readonly isOfUserCode: boolean }): void
  /** Workers that could not be started may be possible now. */
  onRoom(): void
  /** One more worker beside those there are was refused; it is tried again later. */
  onRefused(error: PressureError): void
}

/** What bounds the start of workers besides the operating system. */
export interface RosterLimits {
  readonly reserve: Reserve
  /** No worker is started before the executor has it. */
  readonly place: Slot
}

export class Roster {
  readonly #executor: string
  readonly #source: WorkerSource
  readonly #setup: Omit<WorkerSetup, 'workerId' | 'signalsIgnored'>
  readonly #listener: RosterListener
  readonly #account: ExecutorAccount
  readonly #seats = new Set<Seat>()
  readonly #limits: RosterLimits
  readonly #growth: Growth
  #attempts = new AbortController()
  /** The one start that is being tried again: others would fail as it does, and each attempt costs a process. */
  #retried: symbol | undefined
  /** Failures of starts that had come as far as user code. */
  readonly #ofUserCode = new WeakSet<Error>()
  #opening = 0
  #lastId = 0
  #onEmptied: (() => void)[] = []
  #isRef = true
  /** Asked before a start is tried again: with false, it is given up. */
  isStillWanted: () => boolean = () => true
  signalsIgnored = false
  readonly ends: WorkerEndReport[] = []
  readonly escaped: WorkerEnd['escaped'][number][] = []
  readonly ended: WorkerEnd['ended'][number][] = []
  readonly errors: Error[] = []

  constructor(
    executor: string,
    source: WorkerSource,
    setup: Omit<WorkerSetup, 'workerId' | 'signalsIgnored'>,
    listener: RosterListener,
    limits: RosterLimits,
    account: ExecutorAccount,
  ) {
    this.#executor = executor
    this.#source = source
    this.#setup = setup
    this.#listener = listener
    this.#limits = limits
    this.#account = account
    this.#growth = new Growth(() => listener.onRoom())
    limits.place.onTaken(() => listener.onRoom())
  }

  /** Workers that exist. */
  get seats(): ReadonlySet<Seat> {
    return this.#seats
  }

  /** Workers that are being started, or will be after a pause. */
  get opening(): number {
    return this.#opening
  }

  /** Workers there are and will be: what `maxWorkers` limits. */
  get size(): number {
    let size = this.#opening
    for (const seat of this.#seats) if (seat.state !== 'starting') size += 1
    return size
  }

  /** Starts one more worker; tries again with pauses. With others there, that may be put off: `onRoom` follows. */
  async open(): Promise<void> {
    const { place } = this.#limits
    if (!place.isTaken || this.#retried) return
    if (this.#growth.isPaused && this.#seats.size + this.#opening > 0) return
    this.#opening += 1
    let isOpening = true
    // In the same turn as the worker becomes ready: it must not be counted twice, or not at all.
    const opened = (): void => {
      if (isOpening) this.#opening -= 1
      isOpening = false
    }
    let attempts = 0
    let isUnwanted = false
    let wasOnly = true
    const { signal } = this.#attempts
    const me = Symbol('start')
    try {
      await pRetry(
        (attempt) => {
          attempts = attempt
          isUnwanted = attempt > 1 && (this.#retried !== me || !this.isStillWanted())
          if (isUnwanted) {
            opened() // at once, or the next one that asks would be one too many as well
            throw new AbortError('another one is tried, or none any more')
          }
          // Rejects where it is refused: who stands in line is started by others, who must not be hit by that.
          const start = async (): Promise<void> => {
            // No worker is there, and no other one is being started: now, since several may be opened in this turn.
            const hasOthers = Array.from(this.#seats).some((seat) => seat.takesTasks)
            wasOnly = !hasOthers && this.#opening <= 1
            await this.#start(opened, this.#admit(wasOnly))
          }
          return this.#source.admit?.(this.#openingOf(start, signal)) ?? start()
        },
        {
          ...START_BACK_OFF,
          signal,
          onFailedAttempt: ({ error, attemptNumber }) => {
            if (attemptNumber > 1 || this.#retried || signal.aborted) return
            this.#retried = me
            publishRefusal('retry', this.#executor, attemptNumber, error)
          },
        },
      )
      const hasNone = isOpening
      opened() // also where none is wanted any more
      if (!hasNone && !wasOnly) this.#growth.succeeded()
      const wasRetried = this.#retried === me
      if (wasRetried) this.#retried = undefined
      // What came after it had left the line counted on it.
      if (wasRetried || hasNone) this.#listener.onRoom()
    } catch (error) {
      opened()
      if (this.#retried === me) this.#retried = undefined
      if (signal.aborted || isUnwanted) {
        this.#listener.onRoom()
        return
      }
      if (error instanceof PressureError && !wasOnly) {
        if (this.#growth.postpone()) publishRefusal('later', this.#executor, attempts, error)
        this.#listener.onRefused(error)
        return
      }
      publishRefusal('none', this.#executor, attempts, error)
      const isOfUserCode = error instanceof Error && this.#ofUserCode.has(error)
      this.#listener.onStartFailed(new WorkerStartError(attempts, error), { isOfUserCode })
    }
  }

  /** Resolves when there is no worker. */
  emptied(): Promise<void> {
    if (this.#seats.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onEmptied.push(resolve))
  }

  /** Gives up attempts to start workers. */
  stopOpening(): void {
    this.#attempts.abort()
    this.#growth.stop()
  }

  /** Gives up present attempts to start workers; later ones begin anew. */
  giveUpOpening(): void {
    this.stopOpening()
    this.#attempts = new AbortController()
  }

  /** Whether busy workers keep the process alive. */
  setKeepAlive(keepAlive: boolean): void {
    this.#isRef = keepAlive
    for (const seat of this.#seats)
      this.setRef(seat, seat.inflight.size > 0 || seat.state !== 'ready')
  }

  setRef(seat: Seat, ref: boolean): void {
    seat.worker?.setRef(ref && this.#isRef)
  }

  /** Asks a worker to end, and kills it after `graceMs`. */
  retire(seat: Seat, graceMs: number): void {
    if (seat.state === 'stopping' || seat.state === 'ended') return
    seat.state = 'stopping'
    clearTimeout(seat.idleTimer)
    this.setRef(seat, true)
    this.#account.workerLeaves(seat)
    seat.worker?.stop(graceMs)
  }

  kill(seat: Seat): void {
    if (seat.state === 'ended') return
    seat.state = 'stopping'
    // Whoever waits or not: it takes milliseconds, and who awaits `shutdown({ wait: false })` shall not end with status 13.
    seat.worker?.setRef(true)
    this.#account.workerLeaves(seat)
    seat.worker?.kill()
  }

  setSignalsIgnored(ignored: boolean): void {
    this.signalsIgnored = ignored
    for (const seat of this.#seats) seat.worker?.send({ type: 'signals', ignored })
  }

  #openingOf(start: () => Promise<void>, signal: AbortSignal): Opening {
    return {
      start,
      isWanted: () => this.#listener.needsWorker(),
      hasOthers: () => Array.from(this.#seats).some((seat) => seat.takesTasks),
      signal,
    }
  }

  /** Resolves when the worker is ready; rejects when it ended before. */
  #start(opened: () => void, settleClaim: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1
      const seat = new Seat(this.#lastId)
      const setup: WorkerSetup = {
        ...this.#setup,
        workerId: seat.id,
        signalsIgnored: this.signalsIgnored,
      }
      let unready: AbortError | undefined
      let hasLoaded = false
      const listener: WorkerListener = {
        onMessage: (message) => {
          if (message.type === 'ready') {
            opened()
            settleClaim()
            seat.readyBytes = message.bytes
            this.#ready(seat)
            resolve()
          } else if (message.type === 'unready') {
            // Its initializer failed: it would fail again. Told when it has ended, so that nobody counts on it.
            unready = new AbortError(decodeError(message.error))
          } else if (message.type === 'loaded') hasLoaded = true
          else this.#listener.onMessage(seat, message)
        },
        onEnd: (end) => {
          const wasReady = seat.state !== 'starting'
          settleClaim()
          this.#ended(seat, end)
          if (wasReady) return
          const failure = startFailure(end)
          const hasExited = hasLoaded && end.signal === null && !isHeapFull(end)
          if (unready) this.#ofUserCode.add(unready.originalError)
          else if (hasExited) this.#ofUserCode.add(failure)
          reject(unready ?? failure)
        },
      }
      try {
        seat.worker = this.#source.start(setup, listener, this.#account.holdings)
      } catch (error) {
        settleClaim()
        if (this.#seats.size === 0) this.#source.release()
        // p-retry takes a bare TypeError for a bug and gives up at once.
        reject(new Error(error instanceof Error ? error.message : String(error), { cause: error }))
        return
      }
      this.#seats.add(seat)
      this.#account.workerStarted()
      this.setRef(seat, true)
      publishWorker('start', this.#executor, seat)
    })
  }

  /** @throws {PressureError} when it is the only worker, and shall be tried again; else what ends the tries. */
  #admit(isOnly: boolean): () => void {
    const { needs } = this.#source
    if (!needs) return () => {}
    const largestBytes = (): number =>
      // An inline worker has our own pid, and what we hold ourselves tells nothing of a worker.
      Math.max(
        0,
        ...Array.from(this.#seats, ({ worker }) =>
          worker?.kind === 'process' ? privateBytes(worker.pid ?? 0) : 0,
        ),
      )
    try {
      return admit({ needs, isOnly, largestBytes, reserve: this.#limits.reserve })
    } catch (error) {
      // Others serve the queue: no need to insist.
      throw error instanceof PressureError && !isOnly ? new AbortError(error) : error
    }
  }

  #ready(seat: Seat): void {
    if (seat.state !== 'starting') return // it was told to stop meanwhile
    seat.state = 'ready'
    publishWorker('ready', this.#executor, seat)
    this.#listener.onReady(seat)
  }

  #ended(seat: Seat, end: WorkerEnd): void {
    const wasReady = seat.state !== 'starting'
    seat.state = 'ended'
    seat.end = end
    this.#seats.delete(seat)
    clearTimeout(seat.idleTimer)
    clearTimeout(seat.limitTimer)
    clearTimeout(seat.condemned)
    const { how, exitCode, signal } = end
    this.#account.workerEnded(seat, how)
    remember(this.ends, [{ worker: seat.id, pid: seat.worker?.pid, how, exitCode, signal }])
    remember(this.escaped, end.escaped)
    remember(this.ended, end.ended)
    remember(this.errors, end.errors)
    publishWorker('end', this.#executor, seat)
    if (this.#seats.size === 0) this.#source.release()
    if (wasReady) this.#listener.onEnd(seat, end)
    if (this.#seats.size === 0) for (const resolve of this.#onEmptied.splice(0)) resolve()
  }
}

/** A service that replaces its workers for months must not remember each of them. */
export const REMEMBERED = 1000

function remember<T>(list: T[], items: readonly T[]): void {
  list.push(...items)
  if (list.length > REMEMBERED) list.splice(0, list.length - REMEMBERED)
}

function startFailure(end: WorkerEnd): Error {
  const how =
    end.signal === null ? `exited with code ${end.exitCode}` : `was killed by ${end.signal}`
  const why = end.cause instanceof Error ? `: ${end.cause.message}` : ''
  const stderr = end.stderr === '' ? '' : `\nLast lines of its stderr:\n${end.stderr}`
  const text =
    end.exitCode === null && end.signal === null
      ? 'it could not be spawned'
      : `it ${how} before it was ready`
  return new Error(`${text}${why}${stderr}`, { cause: end.cause })
}
