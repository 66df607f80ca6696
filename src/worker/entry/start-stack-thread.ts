import { builtinModule } from '../../os/builtin-module.ts'

/** Starts the thread that takes this one's stack, on its own: whatever becomes of it, tasks run on. */
export function startStackThread(fd: number): void {
  const { Worker } = builtinModule('node:worker_threads')
  const thread = new Worker(new URL('./stack-thread.js', import.meta.url), {
    workerData: fd,
    name: 'tidypool-stacks',
    // None of the preloads and options of the process. Stacks can be deep.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    stdin: false,
  })
  thread.on('error', () => {}) // then its owner is told nothing, and says so
  thread.unref()
}
