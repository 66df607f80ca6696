import type { ExecutorStats, LadderStep, Rung } from '../lifetime/life.ts'
import { startInlineWorker } from '../worker/inline.ts'
import { AdaptiveWorkers } from './adaptive-workers.ts'
import type { UntypedModule } from './executor.ts'
import { DEFAULTS, resolveOptions, type AdaptiveExecutorOptions } from './options.ts'
import { PooledExecutor } from './pooled-executor.ts'
import { processes } from './process-executor.ts'
import { threads } from './thread-executor.ts'

/**
 * Runs tasks on worker processes as long as the machine bears it; under pressure on fewer, then on threads, on one thread, and
 * at last on the calling thread; and comes back when the pressure is gone. Whatever step it takes, tasks that it has
 * accepted stay accepted, and none runs twice.
 *
 * Pressure is that a worker cannot be started (too many processes, descriptors or too little memory, after five attempts), or
 * that one ran out of memory. Every step is an event of the channel `tidypool:executor`, and one of `steps`.
 *
 * Not guaranteed: on threads a crash of native code ends the program; on the last rung, the calling thread, time-outs do not
 * interrupt and `process.exit` in a task ends the program. `lastRung: 'thread'` stops before that one.
 *
 * @example
 * import { AdaptiveExecutor } from 'tidypool'
 *
 * const module = new URL('./score.js', import.meta.url)
 * const pool = new AdaptiveExecutor<typeof import('./score.js')>(module, { maxWorkers: 8 })
 * for await (const result of pool.map('score', [1, 2, 3])) console.log(result)
 * for (const { from, to, cause } of pool.steps) console.log(from, to, cause)
 * await pool.shutdown()
 */
export class AdaptiveExecutor<M = UntypedModule> extends PooledExecutor<M> {
  readonly #workers: AdaptiveWorkers

  /**
   * @param module  The tasks: a URL or an absolute path.
   * @throws {OptionError}
   */
  constructor(module: URL | string, options: AdaptiveExecutorOptions = {}) {
    const resolved = resolveOptions('adaptive', options)
    const sources = {
      process: processes(resolved, options),
      thread: threads(resolved, options),
      inline: { start: startInlineWorker, release: () => {} },
    }
    // A task that is watched for how long it takes must not run where nobody can watch.
    const isWatched = resolved.taskTimeoutMs !== Infinity || resolved.stuckAfterMs !== Infinity
    const workers = new AdaptiveWorkers(sources, {
      top: { place: options.prefer ?? DEFAULTS.prefer, workers: resolved.maxWorkers },
      lastRung: options.lastRung ?? DEFAULTS.lastRung,
      calmMs: options.calmMs ?? DEFAULTS.calmMs,
      inlineBelowMs: isWatched ? 0 : (options.inlineBelowMs ?? DEFAULTS.inlineBelowMs),
    })
    super('adaptive', module, resolved, workers, workers)
    this.#workers = workers
  }

  override stats(): ExecutorStats {
    return { ...super.stats(), ladder: { rung: this.rung, steps: this.steps } }
  }

  /** What it may start now. */
  get rung(): Rung {
    return this.#workers.rung
  }

  /** The steps that it has taken: the last hundred. */
  get steps(): readonly LadderStep[] {
    return [...this.#workers.steps]
  }
}
