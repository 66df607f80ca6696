/**
 * A session of the debugger with a thread that does something else. What it is asked is carried out in order, at once where the
 * thread runs JavaScript, else when it comes back from the system.
 */
export interface DebuggerSession {
  post(method: 'Debugger.enable' | 'Debugger.pause' | 'Debugger.disable'): void
  /** Frames name their script by a number only. */
  onScript(listener: (script: ParsedScript) => void): void
  onPaused(listener: (frames: readonly CallFrame[]) => void): void
  /** The thread has ended. */
  onGone(listener: () => void): void
  /** Nothing more is asked or told. */
  close(): void
}

/** As the protocol of the inspector has it, as far as it is read here. Lines and columns count from 0. */
export interface CallFrame {
  readonly functionName: string
  readonly location: {
    readonly scriptId: string
    readonly lineNumber: number
    readonly columnNumber?: number
  }
}

export interface ParsedScript {
  readonly scriptId: string
  readonly url: string
}

/** How long a thread may take to see that it is asked: one that computes sees it at once, where it gets a processor. */
export const CAPTURE_LIMIT_MS = 1000
/** What calls the task is of no interest: this package's own code, and Node's. */
const OWN_CODE = new URL('.', import.meta.url).href
/** What helps is at the top; a recursion can be ten thousand deep. */
const MAX_FRAMES = 50

/** Takes the JavaScript stack of a thread, and lets it go on. */
export class StackCapture {
  /** Lines as in `Error.stack`; undefined when the thread did not answer in time, has ended, or `close` was called. */
  readonly stack: Promise<string | undefined>
  readonly #session: DebuggerSession
  readonly #timer: NodeJS.Timeout
  #onStack: ((stack: string | undefined) => void) | undefined

  constructor(session: DebuggerSession) {
    this.#session = session
    this.stack = new Promise((resolve) => (this.#onStack = resolve))
    this.#timer = setTimeout(() => this.close(), CAPTURE_LIMIT_MS)
    const urls = new Map<string, string>()
    session.onScript(({ scriptId, url }) => urls.set(scriptId, url))
    session.onGone(() => this.#end(undefined))
    session.onPaused((frames) => this.close(textOf(frames, urls)))
    session.post('Debugger.enable')
    session.post('Debugger.pause')
  }

  /** Nothing is sent to the thread afterwards. Safe to repeat. */
  close(stack?: string): void {
    if (!this.#onStack) return
    // It resumes a thread that is paused, and takes back a pause that the thread has not seen.
    this.#session.post('Debugger.disable')
    this.#end(stack)
  }

  #end(stack: string | undefined): void {
    clearTimeout(this.#timer)
    this.#session.close()
    this.#onStack?.(stack)
    this.#onStack = undefined
  }
}

function textOf(frames: readonly CallFrame[], urls: ReadonlyMap<string, string>): string {
  const isOwn = ({ location }: CallFrame): boolean => {
    const url = urls.get(location.scriptId) ?? '' // Node's own can be without
    return url === '' || url.startsWith(OWN_CODE) || url.startsWith('node:')
  }
  const lines = frames
    .slice(0, frames.findLastIndex((frame) => !isOwn(frame)) + 1)
    .map(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => {
      const place = `${urls.get(scriptId) || '<anonymous>'}:${lineNumber + 1}:${columnNumber + 1}`
      return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`
    })
  if (lines.length === 0) return 'no stack: it was between two turns of its event loop'
  const more = lines.length - MAX_FRAMES
  return [...lines.slice(0, MAX_FRAMES), ...(more > 0 ? [`    and ${more} more`] : [])].join('\n')
}
