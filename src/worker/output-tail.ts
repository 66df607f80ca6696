/**
 * Passes on what a worker prints and remembers the last lines, which is where a crash explains itself. Holds a few
 * KiB whatever is written, and stops reading while the receiver cannot take more.
 */
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const KEPT_BYTES = 16 * 1024
const KEPT_LINES = 12

/** Made by who asks for it first: most workers print nothing. */
export function ownStderr(): Writable {
  return process.stderr
}

export class OutputTail {
  /** Resolves when the other side has closed it; a grandchild that holds it keeps it open. */
  readonly closed: Promise<void>
  readonly #from: Readable
  #kept = ''

  /** @param receiver  Asked when there is something to pass on. */
  constructor(from: Readable, receiver: () => Writable) {
    this.#from = from
    this.closed = new Promise((resolve) => from.once('close', resolve))
    const decoder = new StringDecoder('utf8')
    from.on('data', (chunk: Buffer) => {
      const to = receiver()
      this.#kept = (this.#kept + decoder.write(chunk)).slice(-KEPT_BYTES)
      if (to.write(chunk) || to.destroyed) return
      from.pause()
      waitForDrain(to, from)
    })
  }

  text(): string {
    const lines = this.#kept.trimEnd().split('\n')
    const last = lines.slice(-KEPT_LINES)
    // V8 says why it gives up, and then prints a long stack of native frames.
    const reason = lines.find((line) => line.startsWith('FATAL ERROR'))
    return (reason === undefined || last.includes(reason) ? last : [reason, ...last]).join('\n')
  }

  close(): void {
    this.#from.destroy()
  }
}

/** One `drain` listener for all workers: a pipe for each would pass Node's limit of listeners at the eleventh. */
const waiting = new Map<Writable, Set<Readable>>()

function waitForDrain(to: Writable, from: Readable): void {
  const others = waiting.get(to)
  if (others) {
    others.add(from)
    return
  }
  const paused = new Set([from])
  waiting.set(to, paused)
  const resume = (): void => {
    waiting.delete(to)
    to.off('drain', resume).off('close', resume)
    for (const stream of paused) stream.resume()
  }
  to.on('drain', resume).on('close', resume)
}
