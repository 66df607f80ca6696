/**
 * The marks of a worker process, from its own side: written to the file at first. A worker that has much to do maps the file
 * into its memory, where a mark takes a tenth of the time; its owner goes on reading the file. Without koffi, or where the
 * file cannot be mapped, it stays with writing.
 */
import { nativeCalls } from '../os/native.ts'
import { FileMarks, MARKS_BYTES, MemoryMarks, type Phase, type WorkerMarks } from './marks.ts'

/** Calls after which loading koffi (some 5 ms) is worth it. */
const MANY = 2000

export class ProcessMarks implements WorkerMarks {
  readonly #fd: number
  #marks: WorkerMarks
  #begun = 0

  constructor(fd: number) {
    this.#fd = fd
    this.#marks = new FileMarks(fd)
  }

  begin(seq: number, phase: Phase, atMs: number): boolean {
    this.#begun += 1
    if (this.#begun === MANY) this.#marks = mappedMarks(this.#fd) ?? this.#marks
    return this.#marks.begin(seq, phase, atMs)
  }

  phase(seq: number, phase: Phase): void {
    this.#marks.phase(seq, phase)
  }
}

/** @returns undefined where the file cannot be mapped, or not so that others see at once what is written there. */
export function mappedMarks(fd: number): MemoryMarks | undefined {
  const native = nativeCalls()
  if ('refused' in native) return undefined
  try {
    const mapped = new MemoryMarks(native.mapShared(fd, MARKS_BYTES))
    const written = new FileMarks(fd).read()
    const { seq, phase, atMs } = mapped.read()
    return written.seq === seq && written.phase === phase && written.atMs === atMs
      ? mapped
      : undefined
  } catch {
    return undefined
  }
}
