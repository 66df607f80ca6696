import { updateExitHook } from './exit-hook.ts'
import { executorsOfOtherThreads } from './journal-reader.ts'
import type {
  ExecutorKind,
  ExecutorSnapshot,
  ExecutorState,
  ExecutorStats,
  ShutdownOptions,
  ShutdownReport,
} from './life.ts'
import { sharedState } from './state.ts'

/** What clean-up must be able to do with an executor, whatever its kind. */
export interface RegisteredExecutor {
  readonly name: string
  readonly kind: ExecutorKind
  readonly state: ExecutorState
  stats(): ExecutorStats
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
  /** Ends every worker at once. Called in the exit hook: it must neither wait nor throw. */
  killSync(): void
  /** Tells the workers to ignore INT, TERM and HUP, or to follow them again. */
  setSignalsIgnored(ignored: boolean): void
}

/** An executor's place among those that the exit hook, `handleSignals` and `activeExecutors` walk. */
export interface Registration {
  /** Tells other threads of a new state. */
  stateChanged(): void
  /** Takes the executor off; safe to repeat. @param end  How it ended, for `accounting()`. */
  remove(end: 'clean' | 'unclean'): void
}

/** Adds an executor to what the exit hook, `handleSignals` and `activeExecutors` walk. */
export function registerExecutor(executor: RegisteredExecutor): Registration {
  const state = sharedState()
  state.executors.add(executor)
  state.account.executors.begun += 1
  updateExitHook()
  state.scope?.noteExecutors()
  if (state.signalsIgnored) executor.setSignalsIgnored(true)
  return {
    stateChanged: () => state.scope?.noteExecutors(),
    remove: (end) => {
      // Idempotent: what is already gone stays gone.
      if (!state.executors.delete(executor)) return
      state.account.executors[end] += 1
      updateExitHook()
      state.scope?.noteExecutors()
    },
  }
}

/**
 * Lists the executors that have not been shut down: those of this thread, in order of their making.
 *
 * With `{ process: true }` those of other threads follow, as their journals show them: name, kind and state, without
 * counts. An executor that holds no operating system resource yet is in no journal, so it is missing there; and where no
 * journal can be written, other threads cannot be seen at all.
 *
 * @param options.process  Whether to add the executors of other threads of this process. Default: false.
 * @returns Snapshots, which do not change afterwards.
 * @example
 * import { InlineExecutor, activeExecutors } from 'tidypool'
 *
 * const pool = new InlineExecutor<{ twice(n: number): number }>(
 *   new URL('data:text/javascript,export const twice = (n) => 2 * n'),
 *   { name: 'numbers' },
 * )
 * console.log(activeExecutors().map((executor) => executor.name)) // [ 'numbers' ]
 * await pool.shutdown()
 * console.log(activeExecutors().length) // 0
 */
export function activeExecutors(
  options: { readonly process?: boolean | undefined } = {},
): ExecutorSnapshot[] {
  const { executors, scope } = sharedState()
  const here = Array.from(executors, (executor) => ({
    name: executor.name,
    kind: executor.kind,
    state: executor.state,
    stats: executor.stats(),
    owner: 'here',
  }))
  return options.process === true ? [...here, ...executorsOfOtherThreads(scope?.id)] : here
}

/** Tells all executors, also those made later, whether their workers ignore the signals that `handleSignals` handles. */
export function setSignalsIgnored(ignored: boolean): void {
  const state = sharedState()
  state.signalsIgnored = ignored
  for (const executor of state.executors) executor.setSignalsIgnored(ignored)
}
