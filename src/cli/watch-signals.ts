/**
 * What the command does on signals. No user code runs on this event loop, so handlers are heard.
 *
 * ```
 *   running ──first INT, TERM, HUP──▶ ending ──(cancelled, flushed)──▶ dies of that signal, in main.ts
 *                                       └──second──▶ dies of it at once; what it held is cleaned from outside
 * ```
 *
 * The same signal again within a moment is the same one: coreutils' `timeout` sends it to this process and to its group.
 */
import os from 'node:os'

import { sameSignalMs } from '../lifetime/signal-end.ts'

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

export interface SignalReactions {
  first(signal: NodeJS.Signals): void
  /** The last moment before this process dies of a second signal. */
  beforeForce(): void
  /** Ctrl-Z: this process is about to stop; workers are in sessions of their own and are not told. */
  suspend(): void
  /** It goes on. */
  resume(): void
  /** An error that nobody caught: ours, since no user code runs in this process. */
  crash(error: unknown): void
}

/** Listens until it is disposed. */
export function watchSignals(react: SignalReactions): Disposable {
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
  const onEnding = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (first) {
      if (first.signal === signal && now - first.at <= sameSignalMs) return
      react.beforeForce()
      stopListening()
      dieOf(signal)
      return
    }
    first = { signal, at: now }
    react.first(signal)
  }
  const onSuspend = (): void => {
    react.suspend()
    // By the default action, and not by SIGSTOP: the kernel leaves a process alone that no shell could continue.
    process.off('SIGTSTP', onSuspend)
    process.kill(process.pid, 'SIGTSTP')
    process.on('SIGTSTP', onSuspend)
    // Here it goes on; the signal is delivered before `kill` returns. Where it was ignored, nothing was stopped.
    react.resume()
  }
  const onResume = (): void => react.resume()
  const onCrash = (error: unknown): void => react.crash(error)
  const stopListening = (): void => {
    process.off('uncaughtException', onCrash)
    for (const signal of ENDING) process.off(signal, onEnding)
    process.off('SIGTSTP', onSuspend)
    process.off('SIGCONT', onResume)
  }
  for (const signal of ENDING) process.on(signal, onEnding)
  process.on('uncaughtException', onCrash)
  process.on('SIGTSTP', onSuspend)
  process.on('SIGCONT', onResume)
  return { [Symbol.dispose]: stopListening }
}

function dieOf(signal: NodeJS.Signals): void {
  // The kernel drops it for process 1 of a container; the exit hook then ends the workers.
  if (process.pid === 1) process.exit(128 + os.constants.signals[signal])
  process.kill(process.pid, signal)
}
