import { holdScope, type ScopeHold } from '../lifetime/scope.ts'
import { startThreadWorker } from '../worker/thread.ts'
import { threadExecArgv } from './exec-argv.ts'
import type { UntypedModule } from './executor.ts'
import { THREAD_NEEDS } from './needs.ts'
import {
  resolveOptions,
  type ResolvedOptions,
  type ThreadExecutorOptions,
  type ThreadOptions,
} from './options.ts'
import { PooledExecutor } from './pooled-executor.ts'
import type { WorkerSource } from './roster.ts'
import { WorkerBudget } from './worker-budget.ts'

/**
 * Runs tasks on worker threads: starts in a few milliseconds, shares memory, hands over buffers. A crash of native
 * code ends the whole program; use {@link ProcessExecutor} for code that is not trusted that far.
 *
 * Threads end with the process, whatever way it ends; child processes that their tasks started are ended then, too.
 *
 * @example
 * import { ThreadExecutor } from 'tidypool'
 *
 * const module = new URL('./score.js', import.meta.url)
 * const pool = new ThreadExecutor<typeof import('./score.js')>(module, { maxWorkers: 2 })
 * for await (const result of pool.map('score', [1, 2, 3])) console.log(result)
 * await pool.shutdown()
 */
export class ThreadExecutor<M = UntypedModule> extends PooledExecutor<M> {
  /**
   * @param module  The tasks: a URL or an absolute path.
   * @throws {OptionError}
   */
  constructor(module: URL | string, options: ThreadExecutorOptions = {}) {
    const resolved = resolveOptions('thread', options)
    super('thread', module, resolved, threads(resolved, options))
  }
}

/** Worker threads. */
export function threads(resolved: ResolvedOptions, options: ThreadOptions): WorkerSource {
  let hold: ScopeHold | undefined
  const { name, taskOutput } = resolved
  const { env, resourceLimits } = options
  const execArgv = threadExecArgv(process.execArgv)
  const budget = new WorkerBudget('thread', resolved)
  return budget.over({
    needs: THREAD_NEEDS,
    start(setup, listener, holdings) {
      hold ??= holdScope(`executor ${name}`)
      const within = budget.environment(env)
      return startThreadWorker(
        { scope: hold.scope, env: within, execArgv, resourceLimits, taskOutput, holdings },
        setup,
        listener,
      )
    },
    release() {
      hold?.release()
      hold = undefined
    },
  })
}
