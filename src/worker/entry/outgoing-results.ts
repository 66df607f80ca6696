/** Results on their way to the owner: together, unless one of them cannot be sent. */
import { Apart, LARGE_BYTES } from '../apart.ts'
import { ResultReader, ResultWriter, type Result } from '../batch.ts'
import { encodeError } from '../error-codec.ts'
import type { FromWorker } from '../protocol.ts'
import { checkAttached, transfersOf } from '../transfer.ts'
import type { Transferable } from '../worker.ts'

/**
 * Sends a message. Throws when it cannot be cloned. A promise means that it is not with the operating system
 * yet, and resolves when it is.
 */
export type Post = (
  message: FromWorker,
  transfer?: readonly Transferable[],
) => Promise<void> | undefined

const FLUSH_AFTER_MS = 1

export class OutgoingResults {
  readonly #post: Post
  readonly #memory: () => number | undefined
  #results = new ResultWriter()
  #transfers: Transferable[] = []
  #apart = new Apart()
  #waitingSinceMs = 0
  #hasLarge = false
  #isScheduled = false

  /** @param memory  What the worker holds, when it is to be told. */
  constructor(post: Post, memory: () => number | undefined) {
    this.#post = post
    this.#memory = memory
  }

  get isEmpty(): boolean {
    return this.#results.isEmpty
  }

  /** @param startedAtMs  When its task began. */
  add(result: Result, startedAtMs: number): void {
    const { answer, value } = result
    if (!this.#apart.add([value])) {
      void this.flush()
      this.#apart.add([value])
    }
    if (this.isEmpty) this.#waitingSinceMs = startedAtMs
    if (answer === 'ok') {
      const transfers = transfersOf(value)
      if (transfers) this.#transfers.push(...transfers)
      if (transfers || sizeOf(value) >= LARGE_BYTES) this.#hasLarge = true
    }
    this.#results.add(result)
  }

  /** Whether they have waited long enough, or one is so large that it must be gone before the next task begins. */
  isDue(nowMs: number): boolean {
    return !this.isEmpty && (this.#hasLarge || nowMs - this.#waitingSinceMs >= FLUSH_AFTER_MS)
  }

  /** As soon as the event loop turns. */
  flushSoon(): void {
    if (this.#isScheduled || this.isEmpty) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.flush()
    })
  }

  flush(): Promise<void> | undefined {
    if (this.isEmpty) return undefined
    const results = this.#results.list
    const transfers = this.#transfers
    this.#results = new ResultWriter()
    this.#transfers = []
    this.#apart = new Apart()
    this.#hasLarge = false
    const rss = this.#memory()
    try {
      return this.#send({ type: 'results', results, rss }, transfers)
    } catch {
      // One of them cannot be cloned. Sent one by one, only that one fails.
      return this.#flushOneByOne(results)
    }
  }

  async #flushOneByOne(results: readonly unknown[]): Promise<void> {
    // All are sent before the first is waited for: what comes after this is not to overtake them.
    const sent: Promise<void>[] = []
    const reader = new ResultReader(results)
    while (!reader.isAtEnd) sent.push(this.#sendAlone(reader.next()) ?? Promise.resolve())
    await Promise.all(sent)
  }

  #sendAlone(result: Result): Promise<void> | undefined {
    try {
      return this.#send(messageOf(result), transfersOf(result.value) ?? [])
    } catch (error) {
      const why = encodeError(error instanceof Error ? error : new Error(String(error)))
      const answer = result.answer === 'ok' ? 'clone-result' : 'clone-error'
      return this.#post(messageOf({ ...result, answer, value: why }))
    }
  }

  #send(message: FromWorker, transfers: readonly Transferable[]): Promise<void> | undefined {
    for (const item of transfers) checkAttached(item)
    return this.#post(message, transfers)
  }
}

function messageOf(result: Result): FromWorker {
  const writer = new ResultWriter()
  writer.add(result)
  return { type: 'results', results: writer.list }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : 0
}
