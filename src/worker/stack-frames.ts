/**
 * Takes the JavaScript stack of a thread that does something else, through a session of its debugger, and lets it go on.
 *
 * ```
 *   enabling ──answered──▶ pausing ──paused──▶ resuming ──▶ closed
 *      │ limit                │ limit                         ▲
 *      └──────────────────────┼───▶ disabling ────────────────┘
 *                             └──────▲
 * ```
 *
 * It is asked to pause only once it has answered: a session that is closed while its thread is in a system call and has not
 * seen the pause yet leaves the thread paused for good (seen with Node 20).
 */
export interface DebuggerSession {
  /** Sends a command. `onAnswer` is called when the thread has carried it out. */
  post(method: string, onAnswer: () => void): void
  /** Frames name their script by a number only. */
  onScript(listener: (script: ParsedScript) => void): void
  onPaused(listener: (frames: readonly CallFrame[]) => void): void
  /** The thread has ended. */
  onGone(listener: () => void): void
  /** Safe to repeat. */
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

/** @returns lines as in `Error.stack`; undefined when the thread did not answer in time. Never rejects. */
export function captureFrames(session: DebuggerSession): Promise<string | undefined> {
  return new Promise((resolve) => {
    let state: 'enabling' | 'pausing' | 'leaving' = 'enabling'
    const leave = (stack: string | undefined): void => {
      clearTimeout(timer)
      state = 'leaving'
      resolve(stack)
    }
    const timer = setTimeout(() => {
      const wasPausing = state === 'pausing'
      leave(undefined)
      if (wasPausing) session.post('Debugger.disable', () => session.close())
      else session.close()
    }, CAPTURE_LIMIT_MS)
    const urls = new Map<string, string>()
    session.onScript(({ scriptId, url }) => urls.set(scriptId, url))
    session.onGone(() => {
      leave(undefined)
      session.close()
    })
    session.onPaused((frames) => {
      leave(textOf(frames, urls))
      session.post('Debugger.resume', () => session.close())
    })
    session.post('Debugger.enable', () => {
      if (state !== 'enabling') return
      state = 'pausing'
      session.post('Debugger.pause', () => {})
    })
  })
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
