import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needs } from '../helpers/needs.ts'

const program = fileURLToPath(new URL('programs/heir-of-an-elder.mjs', import.meta.url))

/** Whether it can be said which number the next process is given. */
function canChooseNumbers(): boolean {
  try {
    accessSync('/proc/sys/kernel/ns_last_pid', constants.W_OK)
    return true
  } catch {
    return false
  }
}

test(
  'a process that a worker left is found under the number of an older one',
  {
    skip:
      needs('linux', 'root', 'setsid') ||
      (!canChooseNumbers() && 'the kernel has no /proc/sys/kernel/ns_last_pid that can be written'),
  },
  async () => {
    const elder = spawn('sleep', ['60'])
    const ended = once(elder, 'exit')
    await once(elder, 'spawn')
    const owner = spawn(process.execPath, [program, String(elder.pid)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(owner.stdout, 'data')) as [Buffer]
    await ended
    assert.deepEqual(JSON.parse(String(said)), ['sleep'])
  },
)
