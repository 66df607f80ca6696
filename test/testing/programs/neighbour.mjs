/** What other tests do meanwhile, in another thread or process: nobody who watches there must see it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** @param {number} ms */
export async function beBusy(ms) {
  const server = createServer().listen(0, '127.0.0.1')
  const fd = openSync('/dev/zero', 'r')
  const child = spawn('sleep', ['1000'])
  await once(child, 'spawn')
  await delay(ms)
  child.kill('SIGKILL')
  closeSync(fd)
  server.close()
}
