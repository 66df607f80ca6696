/**
 * A few numbers that a worker and its owner share without messages, so that they hold while the worker is in
 * a loop and after it was killed:
 *
 * - the worker writes which call it has begun, when, and whether it waits for a promise;
 * - the owner writes which calls it takes back.
 *
 * For threads that is a SharedArrayBuffer, for processes an unnamed file (16 bytes of `pwrite` a task), which
 * survives SIGKILL of either side and is freed by the kernel.
 *
 * The two sides never run a call twice and never lose one: the worker writes "I begin n" and *then* reads what
 * was taken back; the owner writes "I take back from n" and *then* reads what has begun. Whichever comes
 * second sees the other (Dekker's protocol). Where both see each other, the worker yields and says so with
 * a `returned` message.
 */
import { readSync, writeSync } from 'node:fs'

export type Phase = 'loading' | 'running' | 'waiting'

/** What the worker wrote last. */
export interface Mark {
  /** Last call begun; 0 when none was. */
  readonly seq: number
  /** `loading` its module, `running` on the stack, `waiting` for its promise. */
  readonly phase: Phase
  /** When it began (loading or, later, running), on the clock of `monotonicMs`. */
  readonly atMs: number
}

/** Owner's side. */
export interface Marks {
  read(): Mark
  /**
   * Takes back the calls `from..to` (inclusive) as far as they have not begun.
   *
   * @returns the first call that is certainly taken back; calls before it have begun, or the worker will say
   *   `returned`. `to + 1` when none is certain.
   */
  revoke(from: number, to: number): number
  close(): void
}

/** Worker's side. */
export interface WorkerMarks {
  /** @returns false when the owner has taken the call back: do not run it. */
  begin(seq: number, phase: Phase): boolean
  /** Changes the phase of the call begun last. From `loading` to `running`, its time begins anew. */
  phase(seq: number, phase: Phase): void
}

/** Milliseconds of the machine's monotonic clock: comparable between the processes of one boot. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

const PHASES: readonly Phase[] = ['running', 'waiting', 'loading']
const phaseNumber = (phase: Phase): number => PHASES.indexOf(phase)

/** Where the marks of one worker live; both sides use the same four numbers plus two. */
const SEQ = 0
const PHASE = 1
const AT = 2
const REVOKED_FROM = 3
const REVOKED_TO = 4
const NUMBERS = 5
export const MARKS_BYTES: number = NUMBERS * 8

/** Marks in memory: for threads (shared) and inline (not shared). */
export class MemoryMarks implements Marks, WorkerMarks {
  readonly buffer: SharedArrayBuffer
  // 64-bit integers, because Atomics takes no floats: sequence numbers as they are, times in microseconds.
  readonly #cells: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(MARKS_BYTES)) {
    this.buffer = buffer
    this.#cells = new BigInt64Array(buffer)
  }

  begin(seq: number, phase: Phase): boolean {
    Atomics.store(this.#cells, AT, BigInt(Math.round(monotonicMs() * 1e3)))
    Atomics.store(this.#cells, PHASE, BigInt(phaseNumber(phase)))
    Atomics.store(this.#cells, SEQ, BigInt(seq))
    // TO first, the other way round than the owner: see `revoke`.
    const to = Number(Atomics.load(this.#cells, REVOKED_TO))
    return !isWithin(seq, Number(Atomics.load(this.#cells, REVOKED_FROM)), to)
  }

  phase(seq: number, phase: Phase): void {
    if (Number(Atomics.load(this.#cells, SEQ)) !== seq) return
    if (phase === 'running') Atomics.store(this.#cells, AT, BigInt(Math.round(monotonicMs() * 1e3)))
    Atomics.store(this.#cells, PHASE, BigInt(phaseNumber(phase)))
  }

  read(): Mark {
    return {
      seq: Number(Atomics.load(this.#cells, SEQ)),
      phase: PHASES[Number(Atomics.load(this.#cells, PHASE))] ?? 'running',
      atMs: Number(Atomics.load(this.#cells, AT)) / 1e3,
    }
  }

  revoke(from: number, to: number): number {
    // FROM first: a reader in between has the new FROM and the old TO. Where the old range must still hold, the new one
    // contains it and so does what is read; else the worker has passed it, and nothing that was not meant comes back.
    Atomics.store(this.#cells, REVOKED_FROM, BigInt(from))
    Atomics.store(this.#cells, REVOKED_TO, BigInt(to))
    return Math.min(Math.max(from, this.read().seq + 1), to + 1)
  }

  close(): void {}
}

/** Marks in an unnamed file: for processes. One write and one read of a few bytes a task. */
export class FileMarks implements Marks, WorkerMarks {
  readonly #fd: number
  readonly #close: (() => void) | undefined
  readonly #mine: Float64Array = new Float64Array(NUMBERS)
  readonly #bytes: Uint8Array = new Uint8Array(this.#mine.buffer)
  #last: Mark | undefined

  /** @param close  called once by `close()`; afterwards `read` answers what was written last. */
  constructor(fd: number, close?: () => void) {
    this.#fd = fd
    this.#close = close
  }

  begin(seq: number, phase: Phase): boolean {
    this.#write(seq, phase, monotonicMs())
    readSync(this.#fd, this.#bytes, REVOKED_FROM * 8, 16, REVOKED_FROM * 8)
    return !isWithin(seq, this.#mine[REVOKED_FROM] ?? 0, this.#mine[REVOKED_TO] ?? 0)
  }

  phase(seq: number, phase: Phase): void {
    if (this.#mine[SEQ] !== seq) return
    this.#write(seq, phase, phase === 'running' ? monotonicMs() : (this.#mine[AT] ?? 0))
  }

  read(): Mark {
    if (this.#last) return this.#last
    readSync(this.#fd, this.#bytes, 0, AT * 8 + 8, 0)
    return {
      seq: this.#mine[SEQ] ?? 0,
      phase: PHASES[this.#mine[PHASE] ?? 0] ?? 'running',
      atMs: this.#mine[AT] ?? 0,
    }
  }

  revoke(from: number, to: number): number {
    if (this.#last) return to + 1
    this.#mine[REVOKED_FROM] = from
    this.#mine[REVOKED_TO] = to
    writeSync(this.#fd, this.#bytes, REVOKED_FROM * 8, 16, REVOKED_FROM * 8)
    return Math.min(Math.max(from, this.read().seq + 1), to + 1)
  }

  close(): void {
    if (this.#last) return
    this.#last = this.read()
    this.#close?.()
  }

  #write(seq: number, phase: Phase, atMs: number): void {
    this.#mine[SEQ] = seq
    this.#mine[PHASE] = phaseNumber(phase)
    this.#mine[AT] = atMs
    writeSync(this.#fd, this.#bytes, 0, AT * 8 + 8, 0)
  }
}

function isWithin(seq: number, from: number, to: number): boolean {
  return seq >= from && seq <= to
}
