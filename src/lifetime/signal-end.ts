import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cleanUpStep } from './events.ts'
import { onExit } from './exit-hook.ts'
import { sharedState, type SignalHandler } from './state.ts'

/** The same signal again this soon is the same one: `timeout` sends it to the process and to its group, npm passes Ctrl-C on. */
export const sameSignalMs = 100
/** After `graceMs` executors kill their workers; one that has not ended by then does not hold the signal back. */
const killWindowMs = 1000
const longestTimer = 2 ** 31 - 1

/** The signals that ask a program to end. SIGQUIT asks for a core dump, so it keeps its default action. */
export const handledSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The graceful end of the program, begun by a signal:
 *
 *   first signal ─▶ draining ──▶ (all released, or graceMs over) ─▶ raised
 *                      └─ second signal ─▶ killed at once ────────────▲
 */
export class SignalEnd {
  readonly #handlers: readonly SignalHandler[]
  readonly #removeListener: () => void
  #state: 'waiting' | 'draining' | 'raised' = 'waiting'
  #first: { signal: NodeJS.Signals; at: number } | undefined
  /** Settles when the program has been ended, or handed back to listeners of its own. Never rejects. */
  ended: Promise<void> = Promise.resolve()

  constructor(handlers: readonly SignalHandler[], removeListener: () => void) {
    this.#handlers = handlers
    this.#removeListener = removeListener
  }

  onSignal(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (this.#state === 'waiting') {
      this.#state = 'draining'
      this.#first = { signal, at: now }
      this.ended = this.#drain(signal)
    } else if (this.#first?.signal !== signal || now - this.#first.at > sameSignalMs) {
      cleanUpStep('second signal: ending at once', { signal })
      for (const executor of sharedState().executors) executor.killSync()
      this.#raise(signal)
    }
  }

  async #drain(signal: NodeJS.Signals): Promise<void> {
    cleanUpStep(`Cleaning up ${sharedState().executors.size} active executor(s)`, { signal })
    // The program may have nothing else to do: without it Node would end, with status 0 or 13.
    const keepAlive = setInterval(() => {}, longestTimer)
    try {
      for (const { controller } of this.#handlers) {
        controller.abort(new Error(`The process received ${signal}.`))
      }
      for (const { before } of this.#handlers) {
        await reportingErrors('before', async () => before?.(signal))
      }
      await this.#shutDownAll()
      // Warnings about what went wrong are printed in a later turn.
      await nextTurn()
    } finally {
      clearInterval(keepAlive)
    }
    this.#raise(signal)
  }

  async #shutDownAll(): Promise<void> {
    // The newest says how: it knows more than `tidypool/register`, which came first.
    const { pending = 'finish', graceMs = 0 } = this.#handlers.at(-1) ?? {}
    const executors = [...sharedState().executors]
    const all = Promise.all(
      executors.map(async (executor) =>
        reportingErrors(executor.name, async () => {
          const report = await executor.shutdown({
            wait: true,
            cancelPending: pending === 'cancel',
            graceMs,
          })
          for (const error of report.errors) process.emitWarning(error)
        }),
      ),
    )
    if (await settlesWithin(all, graceMs)) return
    cleanUpStep('grace time over', { graceMs })
    const forced = Promise.all(
      executors.map(async (executor) =>
        reportingErrors(executor.name, async () =>
          executor.shutdown({ wait: false, cancelPending: true, graceMs: 0 }),
        ),
      ),
    )
    // What has not ended now is killed by the exit hook.
    await settlesWithin(Promise.all([all, forced]), killWindowMs)
  }

  /** Ends the process by the signal, unless the program has its own idea of it. */
  #raise(signal: NodeJS.Signals): void {
    if (this.#state === 'raised') return
    this.#state = 'raised'
    this.#removeListener()
    if (process.listenerCount(signal) > 0) return
    // A death by signal has no 'exit' event, so its hook is called here; what is left after it is the guardian's.
    onExit()
    // The kernel drops a signal with its default action for pid 1 of a pid namespace.
    if (process.pid === 1) process.exit(128 + constants.signals[signal])
    process.kill(process.pid, signal)
  }
}

/** Clean-up goes on after an error, and the error is printed. */
async function reportingErrors(what: string, part: () => Promise<unknown>): Promise<void> {
  try {
    await part()
  } catch (error) {
    cleanUpStep('error at the end by a signal', { what, error: String(error) })
    process.emitWarning(error instanceof Error ? error : new Error(String(error)))
  }
}

async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<boolean>((resolve) => {
    if (ms <= longestTimer) timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), limit])
  } finally {
    clearTimeout(timer)
  }
}
