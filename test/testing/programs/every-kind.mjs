/** Leaves one of each kind and tells what is found: the same under every runner. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { expectNoLeaks } from 'tidypool/testing'

/** @returns {Promise<string[]>} what was found, without numbers */
export async function everyKind() {
  /** @type {(() => unknown)[]} */
  const cleanUps = []
  const reload = () => {}
  const leave = async () => {
    const child = spawn('sleep', ['1000'])
    const thread = new Worker('setInterval(() => {}, 1000)', { eval: true })
    const server = createServer().listen(0, '127.0.0.1')
    const begun = Promise.all([
      once(thread, 'online'),
      once(server, 'listening'),
      once(child, 'spawn'),
    ])
    const timer = setInterval(() => {}, 1000)
    const file = await open('/dev/full')
    const forgotten = mkdtempSync(path.join(os.tmpdir(), 'forgotten-'))
    // By its name alone, where other threads have descriptors of their own.
    const below = openSync(forgotten, 'r')
    process.on('SIGUSR2', reload)
    cleanUps.push(
      () => child.kill('SIGKILL'),
      () => thread.terminate(),
      () => server.close(),
      () => clearInterval(timer),
      () => file.close(),
      () => closeSync(below),
      () => process.off('SIGUSR2', reload),
    )
    await begun
  }
  try {
    await expectNoLeaks(leave, { settleMs: 300 })
    return []
  } catch (error) {
    if (!(error instanceof Error) || !('leaks' in error)) throw error
    const { leaks } = /** @type {{ leaks: { what: string }[] }} */ (error)
    return leaks.map(({ what }) =>
      what
        .replaceAll(/\d{2,}|\b\d\b/g, 'N')
        .replaceAll(/\S*forgotten-\w+/g, 'FOLDER')
        .replace(/ \(\d+ entries\)/, ''),
    )
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}
