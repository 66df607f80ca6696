/**
 * A few numbers that a worker and its owner share without messages, so that they hold while the worker is in
 * a loop and after it was killed:
 *
 * - the worker writes which call it has begun, when, and whether it waits for a promise; a thread also that it ends;
 * - the owner writes which calls it takes back.
 *
 * For threads that is a SharedArrayBuffer, for processes an unnamed file, which survives SIGKILL of either side and is freed
 * by the kernel. The worker writes there (2 us a task), or into a mapping of it (`mapped-marks.ts`).
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
  /**
   * @param atMs  Now, on the clock of `monotonicMs`.
   * @returns false when the owner has taken the call back: do not run it.
   */
  begin(seq: number, phase: Phase, atMs: number): boolean
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

// Where the marks of one worker live: a time, then whole numbers of four bytes. First what the worker writes.
const AT = 0
const SEQ = 2
const PHASE = 3
const REVOKED_FROM = 4
const REVOKED_TO = 5
const ENDING = 6
const NUMBERS = 7
export const MARKS_BYTES: number = NUMBERS * 4
const REVOKED_AT_BYTE = REVOKED_FROM * 4
const REVOKED_BYTES = (ENDING - REVOKED_FROM) * 4
/** The largest number of a call. A worker that has been given so many is replaced. */
export const MAX_SEQ: number = 2 ** 31 - 2

/** Marks in memory: for threads (shared), inline (not shared), and a mapped file. */
export class MemoryMarks implements Marks, WorkerMarks {
  readonly #buffer: ArrayBuffer | SharedArrayBuffer
  readonly #cells: Int32Array
  /** Without Atomics, which take no floats: it is written before the number it belongs to, and eight bytes are not torn. */
  readonly #times: Float64Array

  constructor(buffer: ArrayBuffer | SharedArrayBuffer = new SharedArrayBuffer(MARKS_BYTES)) {
    this.#buffer = buffer
    this.#cells = new Int32Array(buffer, 0, NUMBERS)
    this.#times = new Float64Array(buffer, 0, 1)
  }

  /** To be handed to the other side. */
  get buffer(): SharedArrayBuffer {
    if (this.#buffer instanceof SharedArrayBuffer) return this.#buffer
    throw new TypeError('These marks are in a mapped file, which is shared by itself.')
  }

  begin(seq: number, phase: Phase, atMs: number): boolean {
    const cells = this.#cells
    this.#times[AT] = atMs
    Atomics.store(cells, PHASE, phaseNumber(phase))
    Atomics.store(cells, SEQ, seq)
    // TO first, the other way round than the owner: see `revoke`.
    const to = Atomics.load(cells, REVOKED_TO)
    return !isWithin(seq, Atomics.load(cells, REVOKED_FROM), to)
  }

  phase(seq: number, phase: Phase): void {
    if (Atomics.load(this.#cells, SEQ) !== seq) return
    if (phase === 'running') this.#times[AT] = monotonicMs()
    Atomics.store(this.#cells, PHASE, phaseNumber(phase))
  }

  read(): Mark {
    const seq = Atomics.load(this.#cells, SEQ)
    const phase = PHASES[Atomics.load(this.#cells, PHASE)] ?? 'running'
    return { seq, phase, atMs: this.#times[AT] ?? 0 }
  }

  revoke(from: number, to: number): number {
    // FROM first: a reader in between has the new FROM and the old TO. Where the old range must still hold, the new one
    // contains it and so does what is read; else the worker has passed it, and nothing that was not meant comes back.
    Atomics.store(this.#cells, REVOKED_FROM, from)
    Atomics.store(this.#cells, REVOKED_TO, Math.min(to, MAX_SEQ))
    return Math.min(Math.max(from, this.read().seq + 1), to + 1)
  }

  /** The thread ends: its last JavaScript runs. */
  end(): void {
    Atomics.store(this.#cells, ENDING, 1)
  }

  isEnding(): boolean {
    return Atomics.load(this.#cells, ENDING) === 1
  }

  close(): void {}
}

/** Marks in an unnamed file: for processes. One write and one read of a few bytes a task. */
export class FileMarks implements Marks, WorkerMarks {
  readonly #fd: number
  readonly #close: (() => void) | undefined
  readonly #cells: Int32Array = new Int32Array(NUMBERS)
  readonly #times: Float64Array = new Float64Array(this.#cells.buffer, 0, 1)
  readonly #bytes: Uint8Array = new Uint8Array(this.#cells.buffer)
  #last: Mark | undefined

  /** @param close  called once by `close()`; afterwards `read` answers what was written last. */
  constructor(fd: number, close?: () => void) {
    this.#fd = fd
    this.#close = close
  }

  begin(seq: number, phase: Phase, atMs: number): boolean {
    this.#write(seq, phase, atMs)
    readSync(this.#fd, this.#bytes, REVOKED_AT_BYTE, REVOKED_BYTES, REVOKED_AT_BYTE)
    return !isWithin(seq, this.#cells[REVOKED_FROM] ?? 0, this.#cells[REVOKED_TO] ?? 0)
  }

  phase(seq: number, phase: Phase): void {
    if (this.#cells[SEQ] !== seq) return
    this.#write(seq, phase, phase === 'running' ? monotonicMs() : (this.#times[AT] ?? 0))
  }

  read(): Mark {
    if (this.#last) return this.#last
    readSync(this.#fd, this.#bytes, 0, REVOKED_AT_BYTE, 0)
    return {
      seq: this.#cells[SEQ] ?? 0,
      phase: PHASES[this.#cells[PHASE] ?? 0] ?? 'running',
      atMs: this.#times[AT] ?? 0,
    }
  }

  revoke(from: number, to: number): number {
    if (this.#last) return to + 1
    this.#cells[REVOKED_FROM] = from
    this.#cells[REVOKED_TO] = Math.min(to, MAX_SEQ)
    writeSync(this.#fd, this.#bytes, REVOKED_AT_BYTE, REVOKED_BYTES, REVOKED_AT_BYTE)
    return Math.min(Math.max(from, this.read().seq + 1), to + 1)
  }

  close(): void {
    if (this.#last) return
    this.#last = this.read()
    this.#close?.()
  }

  #write(seq: number, phase: Phase, atMs: number): void {
    this.#cells[SEQ] = seq
    this.#cells[PHASE] = phaseNumber(phase)
    this.#times[AT] = atMs
    writeSync(this.#fd, this.#bytes, 0, REVOKED_AT_BYTE, 0)
  }
}

function isWithin(seq: number, from: number, to: number): boolean {
  return seq >= from && seq <= to
}
