/** The stack of a worker thread, taken by its owner: the inspector of a process reaches all of its threads. */
import type { Session } from 'node:inspector'

import { isMainThread } from '../os/main-thread.ts'
import {
  type CallFrame,
  type DebuggerSession,
  type ParsedScript,
  StackCapture,
} from './stack-frames.ts'

/**
 * Nothing may be sent to a thread that is being destroyed: Node then aborts the whole program (seen with Node 20 to 26: it takes a
 * reference to what is gone). So who ends the thread closes this first, and a thread that ends by itself is known by `isEnding`.
 */
export class ThreadStackCapture {
  /** undefined when the thread is in a system call, or there is no such thread. Rejects where Node was built without an inspector. */
  readonly stack: Promise<string | undefined>
  #state: StackCapture | 'connecting' | 'closed' = 'connecting'

  constructor(threadId: number, isEnding: () => boolean) {
    this.stack = this.#begin(threadId, isEnding)
  }

  close(): void {
    if (this.#state instanceof StackCapture) this.#state.close()
    this.#state = 'closed'
  }

  async #begin(threadId: number, isEnding: () => boolean): Promise<string | undefined> {
    inspector ??= ThreadInspector.connect()
    const connected = await inspector
    const session = this.#state === 'closed' ? undefined : connected.sessionWith(threadId, isEnding)
    if (session === undefined) return undefined
    this.#state = new StackCapture(session)
    return this.#state.stack
  }
}

let inspector: Promise<ThreadInspector> | undefined

/** What a session with a thread tells, as far as it is read here. */
interface FromThread {
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly CallFrame[] } & Partial<ParsedScript>
}

/**
 * The inspector as it reaches the threads of this process. It stays attached to all of them, those to come included, and asks
 * nothing of them between captures: to attach to a thread that is ending, or to detach from it, can abort the program too.
 */
class ThreadInspector {
  readonly #session: Session
  readonly #sessionIds = new Map<number, string>()
  readonly #debuggers = new Map<string, ThreadDebugger>()

  static async connect(): Promise<ThreadInspector> {
    const { Session } = await import('node:inspector')
    const session = new Session()
    // Only the main thread's inspector knows the threads, those below other threads included.
    if (isMainThread()) session.connect()
    else session.connectToMainThread()
    const connected = new ThreadInspector(session)
    // Its answer comes after the events for the threads that are there.
    await new Promise<void>((resolve) => {
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => resolve())
    })
    return connected
  }

  constructor(session: Session) {
    this.#session = session
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // '[worker 3] tidypool-1'
      const threadId = Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1])
      this.#sessionIds.set(threadId, sessionId)
    })
    session.on('NodeWorker.detachedFromWorker', ({ params: { sessionId } }) => {
      for (const [threadId, id] of this.#sessionIds)
        if (id === sessionId) this.#sessionIds.delete(threadId)
      this.#debuggers.get(sessionId)?.end()
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
      this.#debuggers.get(sessionId)?.receive(JSON.parse(message) as FromThread)
    })
  }

  sessionWith(threadId: number, isEnding: () => boolean): DebuggerSession | undefined {
    const sessionId = this.#sessionIds.get(threadId)
    if (sessionId === undefined) return undefined
    const thread = new ThreadDebugger({
      send: (message) => {
        if (isEnding()) return
        this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
          if (error) thread.end()
        })
      },
      onClose: () => this.#debuggers.delete(sessionId),
    })
    this.#debuggers.set(sessionId, thread)
    return thread
  }
}

class ThreadDebugger implements DebuggerSession {
  readonly close: () => void
  readonly #send: (message: string) => void
  #onScript: ((script: ParsedScript) => void) | undefined
  #onPaused: ((frames: readonly CallFrame[]) => void) | undefined
  #onGone: (() => void) | undefined

  constructor(inspector: { send: (message: string) => void; onClose: () => void }) {
    this.#send = inspector.send
    this.close = inspector.onClose
  }

  post(method: string): void {
    this.#send(JSON.stringify({ id: 1, method })) // nobody reads the answers
  }

  onScript(listener: (script: ParsedScript) => void): void {
    this.#onScript = listener
  }

  onPaused(listener: (frames: readonly CallFrame[]) => void): void {
    this.#onPaused = listener
  }

  onGone(listener: () => void): void {
    this.#onGone = listener
  }

  end(): void {
    this.#onGone?.()
  }

  receive({ method, params }: FromThread): void {
    if (method === 'Debugger.paused') this.#onPaused?.(params?.callFrames ?? [])
    else if (method === 'Debugger.scriptParsed')
      this.#onScript?.({ scriptId: params?.scriptId ?? '', url: params?.url ?? '' })
  }
}
