/**
 * A pool as many are: workers started with `fork`, jobs sent to whoever is free, a folder for temporary files.
 *
 * When it ends normally it stops its workers and removes its folder. Ended in any other way it leaves both: a busy worker does
 * not notice that its owner has gone. Needs only Node; ends by itself after about two seconds.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const workers = 2
const jobs = 20
const [mode = '1.5'] = process.argv.slice(2)

if (mode === 'worker') work()
else await runPool()

async function runPool() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pool-'))
  const file = fileURLToPath(import.meta.url)
  const pool = Array.from({ length: workers }, () => fork(file, ['worker']))
  const jobMs = (1000 * Number(mode)) / (jobs / workers)
  let next = 0
  await Promise.all(
    pool.map(
      (worker) =>
        new Promise((resolve, reject) => {
          const give = () => {
            if (next === jobs) resolve(undefined)
            else worker.send({ job: next++, folder, jobMs })
          }
          give()
          worker.on('message', give)
          worker.once('exit', (code, signal) =>
            reject(new Error(`a worker ended: ${code ?? signal}`)),
          )
        }),
    ),
  )
  for (const worker of pool) worker.removeAllListeners('exit').kill()
  rmSync(folder, { recursive: true })
}

function work() {
  // A connection that is kept open, a cache that is refreshed: something keeps most workers alive.
  setInterval(() => {}, 1000)
  process.on('message', (/** @type {{ job: number, folder: string, jobMs: number }} */ work) => {
    setTimeout(() => {
      writeFileSync(path.join(work.folder, `${work.job}.txt`), 'done')
      // With a callback, so that it is no uncaught error when nobody is there to hear it.
      process.send?.('ready', () => {})
    }, work.jobMs)
  })
}
