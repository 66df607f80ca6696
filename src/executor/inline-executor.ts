import { startInlineWorker } from '../worker/inline.ts'
import type { UntypedModule } from './executor.ts'
import { resolveOptions, type ExecutorOptions } from './options.ts'
import { PooledExecutor } from './pooled-executor.ts'

/**
 * Runs tasks on the calling thread: for tests, for debugging, and where neither threads nor processes can be had.
 *
 * Arguments and results are passed as they are. A task that does not return blocks the program, and neither a
 * time-out nor `cancel` can stop it; a time-out still rejects the future of a task that awaits. `process.exit`
 * in a task ends the program.
 *
 * @example
 * import { InlineExecutor } from 'tidypool'
 *
 * const module = new URL('./score.js', import.meta.url)
 * const pool = new InlineExecutor<typeof import('./score.js')>(module)
 * console.log(await pool.submit('score', 21))
 * await pool.shutdown()
 */
export class InlineExecutor<M = UntypedModule> extends PooledExecutor<M> {
  /**
   * @param module  The tasks: a URL or an absolute path.
   * @throws {OptionError}
   */
  constructor(module: URL | string, options: ExecutorOptions = {}) {
    super('inline', module, resolveOptions('inline', options), {
      start: startInlineWorker,
      release: () => {},
    })
  }
}
