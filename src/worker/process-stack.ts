/** The stack of a worker process, asked of the thread that stands beside its main one (`entry/stack-thread.ts`). */
import type { Duplex } from 'node:stream'

import { CAPTURE_LIMIT_MS } from './stack-frames.ts'

/** What that thread answers, as a line of JSON. */
export interface CapturedStack {
  /** Null when the main thread is in a system call. */
  readonly stack: string | null
  readonly error?: string
}

/** The thread may have to start first, on a machine that is busy. */
const ANSWER_LIMIT_MS = CAPTURE_LIMIT_MS + 1500

export class StackChannel {
  readonly #pipe: Duplex
  #text = ''
  #waiting: ((captured: CapturedStack | undefined) => void)[] = []

  constructor(pipe: Duplex) {
    this.#pipe = pipe
    if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
    pipe.on('data', (chunk: Buffer) => this.#receive(chunk.toString()))
    pipe.on('error', () => {}) // 'close' follows
    pipe.on('close', () => this.#answer(undefined))
  }

  /** @throws what keeps the worker from taking its stack. */
  async capture(): Promise<string | undefined> {
    if (this.#pipe.destroyed) return undefined
    const captured = await new Promise<CapturedStack | undefined>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_LIMIT_MS, undefined).unref()
      this.#waiting.push((answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#pipe.write('stack\n')
    })
    if (captured?.error !== undefined) throw new Error(captured.error)
    return captured?.stack ?? undefined
  }

  close(): void {
    this.#pipe.destroy()
  }

  #receive(text: string): void {
    this.#text += text
    const end = this.#text.lastIndexOf('\n')
    if (end === -1) return
    const [line = ''] = this.#text.slice(0, end).split('\n').slice(-1)
    this.#text = this.#text.slice(end + 1)
    this.#answer(JSON.parse(line) as CapturedStack)
  }

  #answer(captured: CapturedStack | undefined): void {
    for (const resolve of this.#waiting.splice(0)) resolve(captured)
  }
}
