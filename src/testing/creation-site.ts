import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ourFolder = fileURLToPath(new URL('.', import.meta.url))
const runnerFile = /[\\/]node_modules[\\/](?:vitest|@vitest|jest|jest-[^\\/]+|@jest|mocha)[\\/]/
/** Node's own runner; everything else of Node's works for whoever called it. */
const runnerOfNode = /\(?node:internal\/(?:main\/)?test_runner/

const addsListener = /\b_?addListener \(node:events/

/** Where in the program something was made, taken when it is made and read only if it is left. */
export class CreationSite {
  readonly #trace: { stack?: string } = {}
  readonly #cause: CreationSite | undefined
  #frames: readonly string[] | undefined

  /**
   * @param below  The function whose callers are meant.
   * @param depth  How many of them.
   * @param cause  The site of what made Node make it, in case nobody of the program called.
   */
  constructor(below: (...args: never[]) => unknown, depth: number, cause?: CreationSite) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = depth
    Error.captureStackTrace(this.#trace, below)
    Error.stackTraceLimit = limit
    this.#cause = cause
  }

  /**
   * Whose it is: the first caller that is not Node decides. `unknown`: made by Node alone, as the connection is that a
   * server accepts.
   */
  get by(): 'program' | 'runner' | 'watch' | 'unknown' {
    const [first] = this.#read()
    if (first === undefined) return this.#cause?.by ?? 'unknown'
    if (runnerOfNode.test(first) || runnerFile.test(first)) return 'runner'
    return first.startsWith(ourFolder) ? 'watch' : 'program'
  }

  /** Whether Node itself called, on its own account: who called, `node:events` apart, is a file of Node's. */
  get isOfNode(): boolean {
    const caller = this.#lines().find((line) => !line.includes('node:events'))
    return caller?.includes('node:') ?? false
  }

  /** `file:line:column`, relative to the working directory: of the program itself rather than of a package it uses. */
  get where(): string | undefined {
    const files = this.#read().filter((frame) => !runnerOfNode.test(frame))
    const own = files.find((file) => !/[\\/]node_modules[\\/]/.test(file)) ?? files[0]
    if (own === undefined) return this.#cause?.where
    if (own.startsWith(ourFolder)) return undefined
    const short = path.relative(process.cwd(), own)
    return short.startsWith('..') ? own : short
  }

  #lines(): readonly string[] {
    const lines = (this.#trace.stack ?? '').split('\n').slice(1)
    // What is above emits the event by which we know: vitest has put itself in between.
    const emitted = lines.findIndex((line) => addsListener.test(line))
    return lines.slice(emitted + 1)
  }

  #read(): readonly string[] {
    this.#frames ??= this.#lines().flatMap((line) =>
      runnerOfNode.test(line) ? [line.trim()] : fileOf(line),
    )
    return this.#frames
  }
}

/** What a line of a stack names, when it is a file. */
function fileOf(line: string): string[] {
  const found = /((?:file:\/\/|[\\/]|[A-Za-z]:[\\/]).*?)(:\d+:\d+)\)?$/.exec(line)
  if (!found || line.includes('node:')) return []
  const [, name = '', position = ''] = found
  return [
    `${name.startsWith('file:') ? fileURLToPath(name.replace(/\?.*$/, '')) : name}${position}`,
  ]
}
