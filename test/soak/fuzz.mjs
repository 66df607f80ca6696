// Does every future settle exactly once, and does nothing run twice in silence? Random tasks, sizes, crashes, cancels, time-outs
// and shutdowns, on one executor after another and several at once.
//
//   npm run fuzz -- [--tasks 1000000] [--minutes 60] [--kind thread|process|adaptive|all] [--seed N] [--wave N]
//
// It goes on until there were so many tasks or minutes. Tasks leave a record when they begin and when they end, which
// survives the SIGKILL of their worker; these are held against what each future said (`fuzz/invariants.mjs`). Prints a line
// every few seconds, what came of the calls, and a verdict; the exit status is 1 when anything did not hold. A violation names its wave:
// `--wave N` with the same seed runs that one alone, `--times 10` as often.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { filesBelow, holdings, processesWith } from './holdings.mjs'

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '60' },
    kind: { type: 'string', default: 'all' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    wave: { type: 'string' },
    times: { type: 'string', default: '1' },
    stall: { type: 'string', default: '90' },
  },
})
const known = /** @type {const} */ (['thread', 'process', 'adaptive'])
const kinds = known.filter((kind) => values.kind === 'all' || values.kind === kind)
const [firstKind, ...otherKinds] = kinds
if (!firstKind) throw new Error(`--kind ${values.kind}? Known: ${known.join(', ')}, all`)
const seed = Number(values.seed)
const wantedTasks = Number(values.tasks)
const endsAtMs = performance.now() + Number(values.minutes) * 60_000
const MOST_VIOLATIONS = 20
const LINE_EVERY_MS = 5000
/** What is left is looked for after so many waves: it takes more than a second. */
const WAVES_BETWEEN_LOOKS = 20
const RETURN_MS = 10_000

// Before the package is loaded, since it reads them: a place of our own, and a mark that what we start inherits.
const folder = mkdtempSync(path.join(os.tmpdir(), 'fuzz-'))
const [tmp, state, records] = ['t', 's', 'r'].map((name) => path.join(folder, name))
for (const directory of [tmp, state, records]) mkdirSync(directory ?? '', { mode: 0o700 })
const mark = randomBytes(8).toString('hex')
Object.assign(process.env, {
  TMPDIR: tmp,
  TIDYPOOL_STATE_DIR: state,
  TIDYPOOL_FUZZ: mark,
  TIDYPOOL_FUZZ_OWNER: String(process.pid),
})
delete process.env['XDG_RUNTIME_DIR']
delete process.env['TIDYPOOL_SCOPE']
const { Chance } = await import('./fuzz/chance.mjs')
const { Tally } = await import('./fuzz/tally.mjs')
const { Wave } = await import('./fuzz/wave.mjs')

const startedAtMs = performance.now()
const tally = new Tally()
/** @type {string[]} */
const violations = []
let waves = 0
let nextCall = 1
let printedAtMs = 0
const sharedBefore = sharedMemory()
/** @type {ReturnType<typeof comparable> | undefined} */
let base

process.on('unhandledRejection', (reason) => violate(`unhandled rejection: ${String(reason)}`))
process.on('uncaughtException', (error) => violate(`uncaught: ${error.stack}`))
process.on('warning', (warning) => violate(`warning: ${warning}`))
// Workers that crash say so here.
process.stderr.write = () => true

console.log(
  `fuzz: seed ${seed}, ${kinds.join(', ')}, Node ${process.versions.node}, ${os.availableParallelism()} cores`,
)
try {
  if (values.wave === undefined) await runWaves()
  else for (let time = 0; time < Number(values.times); time += 1) await runWave(Number(values.wave))
  await look()
} catch (error) {
  violate(error instanceof Error ? error.message : String(error))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
printLine()
for (const line of tally.lines()) console.log(line)
const tookS = (performance.now() - startedAtMs) / 1000
console.log(
  violations.length === 0
    ? `verdict: all of it held, ${tally.calls} tasks in ${tookS.toFixed(0)} s (seed ${seed})`
    : `verdict: ${violations.length} violations (seed ${seed}); to repeat a wave: npm run fuzz -- --seed ${seed} --kind ${values.kind} --tasks ${wantedTasks} --wave N`,
)
// After a stall something would keep this process; what it left is ended with it.
process.exit(violations.length === 0 ? 0 : 1)

async function runWaves() {
  while (
    tally.calls < wantedTasks &&
    performance.now() < endsAtMs &&
    violations.length < MOST_VIOLATIONS
  ) {
    await runWave(waves)
    if (waves % WAVES_BETWEEN_LOOKS === 1) await look()
  }
}

/** @param {number} number */
async function runWave(number) {
  const chance = new Chance(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
  const stallMs = Number(values.stall) * 1000
  const wave = new Wave({ number, first: nextCall, folder: records ?? '', stallMs })
  await wave.run(
    chance,
    [/** @type {NonNullable<typeof firstKind>} */ (firstKind), ...otherKinds],
    wantedTasks,
  )
  waves += 1
  nextCall = wave.next
  for (const life of wave.lives) tally.add(life)
  for (const fault of wave.faults) violate(fault)
  if (performance.now() - printedAtMs > LINE_EVERY_MS) printLine()
}

/** Waits until all is given back, and compares what is held with what was held the first time. */
async function look() {
  const left = () => [
    ...processesWith(`TIDYPOOL_FUZZ=${mark}`).filter((line) => !line.startsWith(`${process.pid} `)),
    ...filesBelow(folder),
    ...sharedMemory().filter((name) => !sharedBefore.includes(name)),
  ]
  const isBack = () => {
    const held = comparable()
    return base === undefined ? held.children === 0 : JSON.stringify(held) === JSON.stringify(base)
  }
  const deadlineMs = performance.now() + RETURN_MS
  while ((left().length > 0 || !isBack()) && performance.now() < deadlineMs) await delay(50)
  for (const what of left()) violate(`left behind: ${what}`)
  if (!isBack()) violate(`held: ${JSON.stringify(comparable())}, at first ${JSON.stringify(base)}`)
  base ??= comparable()
}

/** Threads of libuv and V8 are made when they are first wanted; module files may stay open (`holdings.mjs`). */
function comparable() {
  const { descriptors, listeners, handles, children, zombies } = holdings()
  const sorted = Object.entries(descriptors).toSorted(([a], [b]) => a.localeCompare(b))
  return { descriptors: sorted, listeners, handles: handles.toSorted(), children, zombies }
}

/** Other programs of the machine come and go here; ours say so in their names. */
function sharedMemory() {
  try {
    return readdirSync('/dev/shm').filter((name) => name.includes('tidypool'))
  } catch {
    return [] // there is none
  }
}

/** @param {string} what */
function violate(what) {
  violations.push(what)
  if (violations.length <= MOST_VIOLATIONS) console.log(`violation: ${what}`)
}

function printLine() {
  printedAtMs = performance.now()
  const seconds = (printedAtMs - startedAtMs) / 1000
  const rate = tally.calls / seconds
  console.log(
    `${(seconds / 60).toFixed(1).padStart(6)} m  waves ${waves}  executors ${tally.executors}  tasks ${tally.calls} (${rate.toFixed(0)}/s)  recorded beginnings ${tally.begun}  workers died ${tally.outcomes['ERR_WORKER_DIED'] ?? 0}  violations ${violations.length}`,
  )
}
