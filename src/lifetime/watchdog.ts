import { builtinModule } from '../os/builtin-module.ts'

/**
 * The tether where the kernel sends no parent-death signal: a thread blocked in a read on a pipe whose other end only the
 * owner has. When that closes it kills its own process, also while the main thread is in an endless loop.
 *
 * Costs about 8 MiB and 30 ms a process, against nothing for the signal.
 *
 * @param fd  The read end, as the process got it.
 */
export function startWatchdog(fd: number): void {
  // Loaded here: where the signal can be had, a worker process has no use for it.
  const { Worker } = builtinModule('node:worker_threads')
  const watchdog = new Worker(watch, {
    eval: true,
    workerData: fd,
    name: 'tidypool-watchdog',
    // None of the preloads and options of the process; and less than 6 MiB of heap does not start.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    stdin: false,
  })
  // Without it we cannot keep the promise that the process ends with its owner: better to end now.
  watchdog.on('error', () => process.kill(process.pid, 'SIGKILL'))
  watchdog.unref()
}

// Text, so that no file has to be found by a bundled program.
const watch = `
const { workerData } = require('node:worker_threads')
const { readSync } = require('node:fs')
const byte = Buffer.alloc(1)
for (;;) {
  let count = 0
  try {
    count = readSync(workerData, byte, 0, 1, null)
  } catch (error) {
    if (error.code === 'EINTR') continue
    if (error.code === 'EAGAIN') { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); continue }
  }
  if (count === 0) process.kill(process.pid, 'SIGKILL')
}
`
