/** The stack of a worker thread, taken by its owner: the inspector of a process reaches all of its threads. */
import type { Session } from 'node:inspector'

import { isMainThread } from '../os/main-thread.ts'
import {
  captureFrames,
  type CallFrame,
  type DebuggerSession,
  type ParsedScript,
} from './stack-frames.ts'

/** What a session with a thread tells, as far as it is read here. */
interface FromThread {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly CallFrame[] } & Partial<ParsedScript>
}

/**
 * @returns undefined when the thread is in a system call, or there is no such thread.
 * @throws where Node was built without an inspector.
 */
export async function threadStack(threadId: number): Promise<string | undefined> {
  const { Session } = await import('node:inspector')
  const session = new Session()
  // Only the main thread's inspector knows the threads, those below other threads included.
  if (isMainThread()) session.connect()
  else session.connectToMainThread()
  const attached = await attach(session, threadId)
  if (attached === undefined) {
    session.disconnect()
    return undefined
  }
  return captureFrames(new ThreadSession(session, attached))
}

/** @returns the session's number for that thread; the others are let go at once. */
function attach(session: Session, threadId: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // '[worker 3] tidypool-1'
      if (Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1]) === threadId) resolve(sessionId)
      else session.post('NodeWorker.detach', { sessionId })
    })
    // Its answer comes after the events for the threads that are there.
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => resolve(undefined))
  })
}

class ThreadSession implements DebuggerSession {
  readonly #session: Session
  readonly #sessionId: string
  readonly #answers = new Map<number, () => void>()
  #onScript: ((script: ParsedScript) => void) | undefined
  #onPaused: ((frames: readonly CallFrame[]) => void) | undefined
  #onGone: (() => void) | undefined
  #lastId = 0

  constructor(session: Session, sessionId: string) {
    this.#session = session
    this.#sessionId = sessionId
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId === sessionId) this.#receive(JSON.parse(params.message) as FromThread)
    })
    session.on('NodeWorker.detachedFromWorker', ({ params }) => {
      if (params.sessionId === sessionId) this.#onGone?.()
    })
  }

  post(method: string, onAnswer: () => void): void {
    this.#lastId += 1
    this.#answers.set(this.#lastId, onAnswer)
    const message = JSON.stringify({ id: this.#lastId, method })
    this.#session.post(
      'NodeWorker.sendMessageToWorker',
      { sessionId: this.#sessionId, message },
      (error) => error && this.#onGone?.(),
    )
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

  close(): void {
    this.#session.disconnect()
  }

  #receive({ id, method, params }: FromThread): void {
    if (method === 'Debugger.paused') this.#onPaused?.(params?.callFrames ?? [])
    else if (method === 'Debugger.scriptParsed')
      this.#onScript?.({ scriptId: params?.scriptId ?? '', url: params?.url ?? '' })
    if (id === undefined) return
    this.#answers.get(id)?.()
    this.#answers.delete(id)
  }
}
