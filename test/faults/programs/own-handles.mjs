// What a program has that is not seen from outside: what keeps its loop alive, and listeners on `process`. No question to
// tidypool, but to Node.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { say } from './holdings.mjs'

export function ownHandles() {
  return {
    resources: process.getActiveResourcesInfo().toSorted(),
    listeners: process
      .eventNames()
      .map((name) => `${String(name)} ${process.listenerCount(name)}`)
      .toSorted(),
  }
}

/**
 * Has the test look at what there is before, runs, and has it look again when this program's own count is as before.
 * The test answers by making files in the program's folder of temporary files.
 * @param {() => Promise<void>} run
 */
export async function betweenLooks(run) {
  await warmUp()
  const before = ownHandles()
  say('before', before)
  await fileFor('looked-before')
  await run()
  const deadline = performance.now() + 2000
  while (!isDeepStrictEqual(ownHandles(), before) && performance.now() < deadline) await delay(10)
  say('after', ownHandles())
  await fileFor('looked-after')
}

/** What Node makes on first use and keeps: threads for files, what a first child and a first worker need. */
async function warmUp() {
  await readFile(new URL(import.meta.url))
  spawnSync('true')
  const worker = new Worker('', { eval: true })
  await new Promise((resolve) => worker.once('exit', resolve))
}

/** @param {string} name */
async function fileFor(name) {
  while (!existsSync(`${process.env['STAGE_FOLDER']}/${name}`)) await delay(5)
}
