/**
 * Things of the same user that have nothing to do with tidypool, of every sort that clean-up touches. Made once
 * for a test process, looked at after every repeat, taken away when the test process ends.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after } from 'node:test'
import { identify, isSame } from '../../src/os/process-identity.ts'

export interface Canaries {
  /** @throws AssertionError naming the one that was touched. */
  check(): void
}

/** By these the canaries of other test files are told from what is left. */
export const canaryPrefix = 'sem.canary-'
export const canaryBytes = 54_321

let made: Canaries | undefined
let remove: () => void = () => {}

// Registered here and not where they are made: there it would belong to the test that runs at that moment.
after(() => remove())
// Also when the runner ends the test process before its hooks.
process.once('exit', () => remove())
// Also when somebody interrupts the run: what is left then is our own.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    remove()
    process.kill(process.pid, signal)
  })

export function canaries(): Canaries {
  made ??= make()
  return made
}

function make(): Canaries {
  // It leads a session of its own, as workers do, and has an argument that looks like a cookie.
  const child = spawn('sleep', ['100000'], {
    stdio: 'ignore',
    detached: true,
    env: { PATH: process.env['PATH'], TIDYPOOL_CANARY: '0123456789abcdef0123456789abcdef' },
  })
  child.unref()
  assert.ok(child.pid !== undefined)
  const identity = identify(child.pid)
  assert.ok(identity)

  // What sem_open makes: a file of this name.
  const semaphore = `/dev/shm/${canaryPrefix}${randomBytes(4).toString('hex')}`
  if (existsSync('/dev/shm')) writeFileSync(semaphore, 'canary', { mode: 0o600 })
  const inode = existsSync('/dev/shm') ? statSync(semaphore).ino : undefined
  const segment = makeSegment()

  remove = () => {
    if (isSame(identity)) process.kill(identity.pid, 'SIGKILL')
    rmSync(semaphore, { force: true })
    if (segment !== undefined) spawnSync('ipcrm', ['-m', segment])
  }
  return {
    check() {
      assert.ok(isSame(identity), 'C: a process of somebody else was ended')
      if (inode !== undefined)
        assert.equal(statSync(semaphore).ino, inode, 'C: a semaphore of somebody else was removed')
      if (segment !== undefined)
        assert.ok(hasSegment(segment), 'C: a System V segment of somebody else was removed')
    },
  }
}

/** @returns the number of a System V segment; undefined where there is no ipcmk. */
function makeSegment(): string | undefined {
  const { stdout } = spawnSync('ipcmk', ['-M', String(canaryBytes)], { encoding: 'utf8' })
  return /(\d+)\s*$/.exec(stdout ?? '')?.[1]
}

function hasSegment(id: string): boolean {
  if (!existsSync('/proc/sysvipc/shm')) return true
  return readFileSync('/proc/sysvipc/shm', 'latin1')
    .split('\n')
    .some((line) => line.trim().split(/\s+/)[1] === id)
}
