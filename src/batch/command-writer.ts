/**
 * Passes on what a command has written, whole: standard output to standard output, standard error to standard error,
 * nothing of another command in between. With `--tag` each line begins with the input and a tab.
 */
import type { CommandOutput } from './command-output.ts'

/** A promise means: wait, it is full. */
export interface OutputSink {
  write(chunk: Buffer): void | Promise<void>
}

export interface OutputSinks {
  readonly stdout: OutputSink
  readonly stderr: OutputSink
}

const NEWLINE = 10

export class CommandWriter {
  readonly #sinks: OutputSinks
  readonly #isTagged: boolean

  constructor(sinks: OutputSinks, options: { readonly tag: boolean }) {
    this.#sinks = sinks
    this.#isTagged = options.tag
  }

  /**
   * @param stopped  Nobody waits for a reader any longer.
   * @returns whether all of it was passed on.
   */
  async write(
    text: string,
    { stdout, stderr }: { readonly stdout: CommandOutput; readonly stderr: CommandOutput },
    stopped: AbortSignal,
  ): Promise<boolean> {
    const tag = this.#isTagged ? Buffer.from(`${oneLine(text)}\t`) : undefined
    return (
      (await copy(stdout, this.#sinks.stdout, tag, stopped)) &&
      (await copy(stderr, this.#sinks.stderr, tag, stopped))
    )
  }
}

async function copy(
  output: CommandOutput,
  sink: OutputSink,
  tag: Buffer | undefined,
  stopped: AbortSignal,
): Promise<boolean> {
  let isLineBegun = false
  for (const chunk of output.chunks()) {
    const tagged = tag ? withTags(chunk, tag, isLineBegun) : chunk
    isLineBegun = chunk.at(-1) !== NEWLINE
    const isFull = sink.write(tagged)
    if (isFull && !(await unlessStopped(isFull, stopped))) return false
  }
  return true
}

function withTags(chunk: Buffer, tag: Buffer, isLineBegun: boolean): Buffer {
  const parts: Buffer[] = isLineBegun ? [] : [tag]
  for (let at = 0; at < chunk.length;) {
    const newline = chunk.indexOf(NEWLINE, at)
    const end = newline === -1 ? chunk.length : newline + 1
    parts.push(chunk.subarray(at, end))
    if (newline !== -1 && end < chunk.length) parts.push(tag)
    at = end
  }
  return Buffer.concat(parts)
}

/** An input with newlines would make lines without a tag. */
function oneLine(text: string): string {
  return text.replaceAll('\n', ' ')
}

async function unlessStopped(written: Promise<void>, stopped: AbortSignal): Promise<boolean> {
  if (stopped.aborted) return false
  const done = new AbortController()
  const stop = new Promise<false>((resolve) => {
    stopped.addEventListener('abort', () => resolve(false), { once: true, signal: done.signal })
  })
  const isWritten = await Promise.race([written.then(() => true), stop])
  done.abort()
  return isWritten
}
