import { holdScope, type ScopeHold } from '../lifetime/scope.ts'
import { startProcessWorker } from '../worker/process.ts'
import { workerExecArgv } from './exec-argv.ts'
import type { UntypedModule } from './executor.ts'
import { PROCESS_NEEDS } from './needs.ts'
import {
  DEFAULTS,
  resolveOptions,
  type ProcessExecutorOptions,
  type ProcessOptions,
  type ResolvedOptions,
} from './options.ts'
import { PooledExecutor } from './pooled-executor.ts'
import type { WorkerSource } from './roster.ts'
import { WorkerBudget } from './worker-budget.ts'

/**
 * Runs tasks on worker processes: a crash, a leak or an endless loop in a task costs that task only, and every
 * worker is gone within two seconds whatever way this process ends, SIGKILL included (docs/clean-up.md says how
 * and on which platform).
 *
 * @example
 * import { ProcessExecutor } from 'tidypool'
 *
 * const module = new URL('./score.js', import.meta.url)
 * const pool = new ProcessExecutor<typeof import('./score.js')>(module, { maxWorkers: 2 })
 * const limited = pool.with({ timeoutMs: 10_000, retries: 1 })
 * console.log(await limited.submit('score', 21))
 * await pool.shutdown()
 *
 * @see Python's `concurrent.futures.ProcessPoolExecutor`.
 */
export class ProcessExecutor<M = UntypedModule> extends PooledExecutor<M> {
  /**
   * @param module  The tasks: a URL or an absolute path.
   * @throws {OptionError}
   */
  constructor(module: URL | string, options: ProcessExecutorOptions = {}) {
    const resolved = resolveOptions('process', options)
    super('process', module, resolved, processes(resolved, options))
  }
}

/** Worker processes. */
export function processes(resolved: ResolvedOptions, options: ProcessOptions): WorkerSource {
  let hold: ScopeHold | undefined
  const { name, taskOutput } = resolved
  const { env, onEscape = DEFAULTS.onEscape } = options
  const execArgv = options.execArgv ?? workerExecArgv(process.execArgv)
  const budget = new WorkerBudget('process', resolved)
  return budget.over({
    needs: PROCESS_NEEDS,
    start(setup, listener, holdings) {
      hold ??= holdScope(`executor ${name}`)
      const within = budget.environment(env)
      return startProcessWorker(
        { scope: hold.scope, env: within, execArgv, taskOutput, onEscape, holdings },
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
