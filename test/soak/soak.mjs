// Does anything grow? K6 of the table of faults: many executors and tasks, one random fault after another, for long.
//
//   npm run soak -- [--minutes 10] [--tasks 100000] [--executors 1000] [--seed N] [--round 25]
//
// It goes on until all three are reached. After each round of executors everything is given back, and this process must hold
// what it held after the first: descriptors, threads, children (zombies are children), listeners, handles, and about as much
// memory. Every future must have settled, in a way that its task explains. Prints a line a round and a verdict; the exit
// status is 0 when all of it held.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import v8 from 'node:v8'
import vm from 'node:vm'
import { count, filesBelow, holdings, processesWith } from './holdings.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    tasks: { type: 'string', default: '100000' },
    executors: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    round: { type: 'string', default: '25' },
  },
})
const wanted = {
  ms: Number(values.minutes) * 60_000,
  tasks: Number(values.tasks),
  executors: Number(values.executors),
}
const perRound = Number(values.round)
const tasksEach = Math.max(1, Math.ceil(wanted.tasks / wanted.executors))
/** Rounds are compared by thirds, so there must be some. */
const leastRounds = 6
const atOnce = 3
const returnMs = 5000

// Before the package is loaded, since it reads them: a place of our own, and a mark that what we start inherits.
const folder = mkdtempSync(path.join(os.tmpdir(), 'soak-'))
const tmp = path.join(folder, 't')
const state = path.join(folder, 's')
for (const directory of [tmp, state]) mkdirSync(directory, { mode: 0o700 })
const mark = `TIDYPOOL_SOAK=${randomBytes(8).toString('hex')}`
Object.assign(process.env, {
  TMPDIR: tmp,
  TIDYPOOL_STATE_DIR: state,
  TIDYPOOL_SOAK: mark.split('=')[1],
})
delete process.env['XDG_RUNTIME_DIR']
delete process.env['TIDYPOOL_SCOPE']
const { turbulence } = await import('./turbulence.mjs')

v8.setFlagsFromString('--expose-gc')
/** @type {() => void} */
const collect = vm.runInNewContext('gc')

// Repeatable chance (mulberry32), as far as the machine lets a run be repeated.
let chance = Number(values.seed)
function random() {
  chance = (chance + 0x6d2b79f5) | 0
  let mixed = Math.imul(chance ^ (chance >>> 15), 1 | chance)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** @typedef {{ rss: number, heap: number }} Memory */
/** @type {string[]} */
const violations = []
/** @type {Memory[]} */
const memory = []
/** @type {Record<string, number>} */
const faults = {}
let tasks = 0
let executors = 0
let modules = 0
/** @type {import('./holdings.mjs').Holdings | undefined} */
let base
const startedAt = performance.now()

console.log(
  `soak: seed ${values.seed}, Node ${process.versions.node}, ${os.availableParallelism()} cores`,
)
console.log(
  '   time  executors    tasks  fds  threads  children  zombies  heap MiB  rss MiB  violations',
)
try {
  for (let round = 0; !isEnough(round); round++) {
    await runRound()
    await settle(round)
  }
  compareMemory('heap', 1.1, 4)
  console.log(`module files that Node's loader left open in terminated threads: ${modules}`)
  if (modules > executors / 200) violations.push(`${modules} module files are open`)
  compareMemory('rss', 1.3, 40)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const list = Object.entries(faults).toSorted(([, a], [, b]) => b - a)
console.log(`faults: ${list.map(([name, times]) => `${name} ${times}`).join(', ')}`)
for (const violation of violations.slice(0, 20)) console.log(`violation: ${violation}`)
console.log(
  violations.length === 0
    ? `verdict: flat after ${executors} executors and ${tasks} tasks`
    : `verdict: ${violations.length} violations (seed ${values.seed})`,
)
process.exitCode = violations.length === 0 ? 0 : 1

/** @param {number} round */
function isEnough(round) {
  const tookMs = performance.now() - startedAt
  const isDone = executors >= wanted.executors && tasks >= wanted.tasks && tookMs >= wanted.ms
  return round >= leastRounds && isDone
}

async function runRound() {
  const kinds = Array.from({ length: perRound }, () => {
    const draw = random()
    return draw < 0.55 ? 'process' : draw < 0.9 ? 'thread' : 'inline'
  }).values()
  const lanes = Array.from({ length: atOnce }, async () => {
    for (const kind of kinds) {
      const done = await turbulence(kind, tasksEach, random)
      executors += 1
      tasks += done.tasks
      violations.push(...done.violations)
      for (const name of done.faults) faults[name] = (faults[name] ?? 0) + 1
    }
  })
  await Promise.all(lanes)
}

/** Waits until all is given back, and writes down what is held. The first round is what later ones are compared with. */
async function settle(/** @type {number} */ round) {
  const left = () => [...processesWith(mark), ...filesBelow(tmp), ...filesBelow(state)]
  const isBack = () =>
    base === undefined ||
    JSON.stringify(comparable(holdings())) === JSON.stringify(comparable(base))
  const deadline = performance.now() + returnMs
  while ((left().length > 0 || !isBack()) && performance.now() < deadline) await delay(50)
  for (const what of left()) violations.push(`round ${round}: left ${what}`)
  if (base === undefined) await delay(1500) // the scope lingers for a second
  collect()
  collect()
  const held = holdings()
  base ??= held
  modules = held.modules
  if (!isBack()) {
    violations.push(
      `round ${round}: held ${JSON.stringify(comparable(held))}, at first ${JSON.stringify(comparable(base))}`,
    )
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  memory.push({ rss: rss / 2 ** 20, heap: (heapUsed + external) / 2 ** 20 })
  const minutes = (performance.now() - startedAt) / 60_000
  const numbers = [count(held), held.threads, held.children, held.zombies]
  console.log(
    `${minutes.toFixed(1).padStart(5)} m  ${String(executors).padStart(9)}  ${String(tasks).padStart(7)}  ${numbers
      .map((number, index) => String(number).padStart([3, 7, 8, 7][index] ?? 0))
      .join(
        '  ',
      )}  ${((heapUsed + external) / 2 ** 20).toFixed(1).padStart(8)}  ${(rss / 2 ** 20).toFixed(0).padStart(7)}  ${String(violations.length).padStart(10)}`,
  )
}

/** Threads of libuv and V8 are made when they are first wanted, so fewer than later is no news. @param {import('./holdings.mjs').Holdings} held */
function comparable({ descriptors, listeners, handles, children, zombies }) {
  return {
    descriptors: Object.entries(descriptors).toSorted(([a], [b]) => a.localeCompare(b)),
    listeners,
    handles: handles.toSorted(),
    children,
    zombies,
  }
}

/** The last third against the first, by their medians. @param {keyof Memory} what @param {number} factor @param {number} slackMiB */
function compareMemory(what, factor, slackMiB) {
  const third = Math.floor(memory.length / 3)
  const median = (/** @type {Memory[]} */ part) =>
    part.map((one) => one[what]).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0
  const first = median(memory.slice(0, third))
  const last = median(memory.slice(-third))
  console.log(`${what}: ${first.toFixed(1)} MiB at first, ${last.toFixed(1)} MiB at last`)
  if (last > first * factor + slackMiB) violations.push(`${what} grew from ${first} to ${last} MiB`)
}
