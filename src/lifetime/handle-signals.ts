import { OptionError } from '../errors.ts'
import { isMainThread } from '../os/main-thread.ts'
import { warnOnce } from './events.ts'
import { setSignalsIgnored } from './registry.ts'
import { SignalEnd, handledSignals } from './signal-end.ts'
import { sharedState, type SignalHandler } from './state.ts'

/** Options of `handleSignals`. */
export interface HandleSignalsOptions {
  /**
   * Called first, while executors still take tasks: a server closes its listeners here. It may take as long as it likes;
   * a second signal does not wait for it.
   */
  readonly before?: ((signal: NodeJS.Signals) => void | Promise<void>) | undefined
  /** Whether tasks that have not begun are still run, within `graceMs`. Default: `finish`. */
  readonly pending?: 'finish' | 'cancel' | undefined
  /** How long executors get to finish, in milliseconds, before their workers are killed. Default: 3000. */
  readonly graceMs?: number | undefined
}

/** What `handleSignals` returns: dispose of it to take the handlers off again. */
export interface SignalHandling {
  /** Aborted by the first signal; its `reason` is an Error whose message names the signal. */
  readonly signal: AbortSignal
  [Symbol.dispose](): void
  /** Waits for the end that a signal has begun, if one has. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Defaults of `handleSignals`. */
export const handleSignalsDefaults: { readonly pending: 'finish'; readonly graceMs: number } = {
  pending: 'finish',
  graceMs: 3000,
}

/**
 * Ends the program gracefully on SIGINT, SIGTERM and SIGHUP, and then by that very signal, so that a shell, systemd or
 * Kubernetes sees the true status.
 *
 * On the first signal `signal` is aborted, `before` is called, all executors finish (or cancel) what is pending and get
 * `graceMs` for what runs, the handlers come off, and the signal is raised again. A second signal kills the workers and ends
 * at once; the same signal again within 100 ms is taken for the same one (`timeout` and npm send it twice). If the program
 * has listeners of its own for the signal, it is not raised again: ending is then theirs. As pid 1 of a container, which
 * the kernel protects from a raised signal, the process exits with 128 + its number.
 *
 * While this is active, workers ignore the three signals: what systemd or PM2 sends to every process reaches tasks
 * only as far as their executor decides.
 *
 * **Not without a price**: a process with handlers that is in an endless synchronous loop is immune to these signals. Without
 * `handleSignals` every signal ends it at once, with the true status, and the guardian cleans up. Worker threads get no
 * signals: there this does nothing but warn.
 *
 * @param options.before   Called first, with executors still open. Default: nothing.
 * @param options.pending  `finish` or `cancel` tasks that have not begun. Default: `finish`.
 * @param options.graceMs  Time for executors to finish, in milliseconds. Default: 3000.
 * @throws {OptionError} an option has a value that is not allowed.
 * @example
 * import { createServer } from 'node:http'
 * import { handleSignals } from 'tidypool'
 *
 * const server = createServer((_, response) => response.end('hello')).listen(0)
 * const handling = handleSignals({ before: () => void server.close(), graceMs: 10_000 })
 * console.log(handling.signal.aborted) // false
 * handling[Symbol.dispose]()
 * server.close()
 */
export function handleSignals(options: HandleSignalsOptions = {}): SignalHandling {
  const handler = resolveOptions(options)
  if (!isMainThread()) {
    warnOnce(
      'TIDYPOOL_SIGNALS_IN_THREAD',
      'handleSignals() does nothing in a worker thread: Node delivers signals to the main thread alone. Call it there.',
    )
  } else {
    attach(handler)
  }
  return {
    signal: handler.controller.signal,
    [Symbol.dispose]: () => detach(handler),
    [Symbol.asyncDispose]: async () => {
      detach(handler)
      await currentEnd?.ended
    },
  }
}

/** The end that a signal has begun; with several copies of the package, the one whose listener serves all. */
let currentEnd: SignalEnd | undefined

function attach(handler: SignalHandler): void {
  const state = sharedState()
  state.handlings.push(handler)
  if (state.signalListener) return
  const listener = (signal: NodeJS.Signals) => {
    currentEnd ??= new SignalEnd([...state.handlings], () => {
      removeListener()
      currentEnd = undefined
    })
    currentEnd.onSignal(signal)
  }
  state.signalListener = listener
  for (const signal of handledSignals) process.on(signal, listener)
  setSignalsIgnored(true)
}

function detach(handler: SignalHandler): void {
  const { handlings } = sharedState()
  const index = handlings.indexOf(handler)
  if (index >= 0) handlings.splice(index, 1)
  // An end that has begun goes on: the program mostly comes here because `signal` was aborted.
  if (handlings.length === 0 && !currentEnd) removeListener()
}

function removeListener(): void {
  const state = sharedState()
  state.handlings.length = 0
  if (!state.signalListener) return
  for (const signal of handledSignals) process.off(signal, state.signalListener)
  state.signalListener = undefined
  setSignalsIgnored(false)
}

function resolveOptions(options: HandleSignalsOptions): SignalHandler {
  const {
    before,
    pending = handleSignalsDefaults.pending,
    graceMs = handleSignalsDefaults.graceMs,
    ...unknown
  } = options
  const [stranger] = Object.entries(unknown)
  if (stranger) throw new OptionError(stranger[0], stranger[1], 'no such option')
  if (before !== undefined && typeof before !== 'function') {
    throw new OptionError('before', before, 'a function')
  }
  if (pending !== 'finish' && pending !== 'cancel') {
    throw new OptionError('pending', pending, "'finish' or 'cancel'")
  }
  if (typeof graceMs !== 'number' || !(graceMs >= 0)) {
    throw new OptionError('graceMs', graceMs, 'a number of milliseconds, 0 or more')
  }
  return { controller: new AbortController(), before, pending, graceMs }
}
