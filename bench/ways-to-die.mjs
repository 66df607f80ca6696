// Question: which process pools leave busy workers running when their program ends, and for which ways to end?
//
//   node bench/ways-to-die.mjs [--repeats N] [--json FILE]
//
// Peers are installed by name into .cache/peers at first use. Every run is a program with two workers in an
// endless loop; survivors are found from outside, by a variable in /proc/PID/environ, 2 s after the end, and
// then killed. Linux only.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installPeers, peers, versionOf } from './peers.mjs'

const { values } = parseArgs({
  options: { repeats: { type: 'string', default: '3' }, json: { type: 'string' } },
})
const repeats = Number(values.repeats)

const PEERS = ['tinypool', 'workerpool', 'jest-worker', 'poolifier', 'worker-farm']
const POOLS = ['tidypool', ...PEERS, 'child_process.fork']
/** @type {readonly { name: string, signal?: NodeJS.Signals, program?: string }[]} */
const WAYS = [
  { name: 'SIGKILL', signal: 'SIGKILL' },
  { name: 'SIGTERM', signal: 'SIGTERM' },
  { name: 'SIGINT', signal: 'SIGINT' },
  { name: 'process.exit()', program: 'exit' },
  { name: 'uncaught exception', program: 'uncaught' },
  { name: 'heap out of memory', program: 'heap' },
]
const LOOK_AFTER_MS = 2000

const programs = fileURLToPath(new URL('./ways-to-die/', import.meta.url))
/**
 * Living processes that carry the tag; a zombie has ended.
 *
 * @param {string} tag
 */
function carriers(tag) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`).includes(tag)) return false
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] !== 'Z'
      } catch {
        return false // it ended while we looked
      }
    })
    .map(Number)
}

/**
 * Ends one program in one way.
 *
 * @param {string} pool
 * @param {{ name: string, signal?: NodeJS.Signals, program?: string }} way
 * @returns how many of its processes are alive afterwards
 */
async function survivors(pool, way) {
  const folder = mkdtempSync(join(tmpdir(), 'ways-to-die-'))
  const tag = `WAYS_TO_DIE=${randomUUID()}`
  const [, id] = tag.split('=')
  const env = {
    ...process.env,
    WAYS_TO_DIE: id,
    BUSY_DIR: folder,
    PEERS: peers,
    HOW: way.program ?? 'wait',
    TIDYPOOL_STATE_DIR: join(folder, 'state'),
  }
  const heap = way.program === 'heap' ? ['--max-old-space-size=32'] : []
  const child = spawn(process.execPath, [...heap, join(programs, `${pool}.mjs`)], {
    env,
    stdio: 'ignore',
    cwd: folder,
  })
  try {
    const ended = once(child, 'exit')
    if (way.signal) {
      const deadline = performance.now() + 20_000
      while (readdirSync(folder).filter((name) => name.startsWith('busy-')).length < 2) {
        if (performance.now() > deadline || child.exitCode !== null)
          throw new Error(`${pool}: no two busy workers`)
        await delay(20)
      }
      child.kill(way.signal)
    }
    await ended
    await delay(LOOK_AFTER_MS)
    return carriers(tag).length
  } finally {
    for (const pid of carriers(tag)) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.platform !== 'linux')
  throw new Error('This program looks into /proc: it runs on Linux only.')
installPeers(PEERS)
/** @type {{ way: string, counts: Record<string, number[]> }[]} */
const table = []
for (const way of WAYS) {
  /** @type {Record<string, number[]>} */
  const row = {}
  for (const pool of POOLS) {
    const counts = []
    for (let repeat = 0; repeat < repeats; repeat += 1) counts.push(await survivors(pool, way))
    row[pool] = counts
    console.error(`${way.name} ${pool}: ${counts.join(' ')}`)
  }
  table.push({ way: way.name, counts: row })
}

/** @param {readonly number[] | undefined} counts */
const show = (counts = []) => [...new Set(counts)].join(' or ')
console.log(
  `Busy workers alive ${LOOK_AFTER_MS / 1000} s after their program ended (of 2; ${repeats} runs each; node ${process.version}, ${process.platform} ${process.arch})\n`,
)
console.log(
  `| the program ends by | ${POOLS.map((pool) => `${pool} ${versionOf(pool)}`).join(' | ')} |`,
)
console.log(`| --- |${POOLS.map(() => ' --- |').join('')}`)
for (const row of table)
  console.log(`| ${row.way} | ${POOLS.map((pool) => show(row.counts[pool])).join(' | ')} |`)
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.version, repeats, table }, null, 2)}\n`,
  )
