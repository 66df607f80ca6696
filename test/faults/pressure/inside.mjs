// Starts a command under pressure, in namespaces where nothing else runs; is itself outside of the pressure. Prints how the command
// ended, and what was left two seconds later, as one line of JSON.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** @import { Ended, Plan } from './run-under.mjs' */

/** What tidypool promises; for others it is as long. */
const lookAfterMs = 2000

/** @type {Plan} */
const plan = JSON.parse(process.argv[2] ?? '')
const own = new Set(['1', String(process.pid)])
const neighbours = new Set(Array.from({ length: plan.neighbours }, startNeighbour))
if (plan.isShmFull) fill('/dev/shm/full')
console.log(JSON.stringify(await run()))
// Process 1 ends with this one, and the kernel everything else with that.
process.exit(0)

function startNeighbour() {
  return spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }).pid
}

/** @param {string} file */
function fill(file) {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(4096), { flag: 'a' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}

/** @returns {Promise<Ended>} */
async function run() {
  const output = openSync(join(plan.folder, 'output'), 'a')
  // A core file of each who aborts would be work for the disk.
  const words = ['sh', '-c', 'ulimit -c 0; exec "$@"', 'sh', ...plan.words]
  const startedAt = performance.now()
  const [file = '', ...args] = words
  const child = spawn(file, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...plan.env },
    cwd: plan.folder,
    detached: true,
  })
  const ended = once(child, 'exit')
  const isInTime = await Promise.race([
    ended.then(() => true),
    delay(plan.limitMs, false, { ref: false }),
  ])
  const tookMs = Math.round(performance.now() - startedAt)
  if (isInTime) {
    const since = performance.now()
    while (left().length > 0 && performance.now() - since < lookAfterMs) await delay(20)
  }
  return {
    how: isInTime ? 'ended' : 'hung',
    exitCode: child.exitCode,
    signal: child.signalCode,
    tookMs,
    left: left(),
    output: readFileSync(join(plan.folder, 'output'), 'utf8').slice(-4000),
  }
}

function left() {
  return [
    ...processes(),
    ...readdirSync('/dev/shm')
      .filter((name) => name !== 'full')
      .map((name) => `/dev/shm/${name}`),
    ...readdirSync(join(plan.folder, 'tmp'))
      .filter((name) => !name.startsWith('node-compile-cache'))
      .map((name) => `temporary ${name}`),
  ]
}

/** A zombie has ended. */
function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !own.has(name) && !neighbours.has(Number(name)))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const state = stat.slice(stat.lastIndexOf(') ') + 2)[0]
        if (state === 'Z' || state === 'X') return []
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [`process ${command.trim().slice(0, 100)}`]
      } catch {
        return [] // it ended while we looked
      }
    })
}
