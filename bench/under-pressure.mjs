// Question: which pools finish a batch of mixed work when the machine has too little of something, and how many results are lost?
//
//   node bench/under-pressure.mjs [--only NAME] [--pressure NAME] [--tasks N] [--repeats N] [--limit SECONDS] [--json FILE]
//
// Needs `npm run build`, Linux, and root for control groups and other users: of a pressure that cannot be had here the table says
// why. --only and --pressure take a part of a name and can be given several times. Peers are installed by name into .cache/peers at
// first use. Each run is in namespaces of its own (processes, /dev/shm), with which everything ends that it leaves.
// The work is test/faults/pressure/tasks.cjs, for Python under-pressure/tasks.py; the pressures are beside the former, one a file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tally } from '../test/faults/pressure/batch.mjs'
import { PRESSURES } from '../test/faults/pressure/pressures.mjs'
import { obstacle, runUnder, UnavailableError } from '../test/faults/pressure/run-under.mjs'
import { installPeers, peers, root, versionOf } from './peers.mjs'
import { CONTENDERS } from './under-pressure/contenders.mjs'

/** @import { Tally } from '../test/faults/pressure/batch.mjs' */
/** @import { Pressure } from '../test/faults/pressure/pressures.mjs' */
/** @import { UnderPressure } from '../test/faults/pressure/run-under.mjs' */
/** @import { Contender } from './under-pressure/contenders.mjs' */

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [''] },
    pressure: { type: 'string', multiple: true, default: [''] },
    tasks: { type: 'string', default: '500' },
    repeats: { type: 'string', default: '1' },
    limit: { type: 'string', default: '300' },
    json: { type: 'string' },
  },
})
const tasks = Number(values.tasks)
const repeats = Number(values.repeats)
const limitS = Number(values.limit)
if (!tasks || !repeats || !limitS) throw new Error('--tasks, --repeats and --limit are numbers')
const named = (/** @type {{ name: string }} */ { name }, /** @type {readonly string[]} */ parts) =>
  parts.some((part) => name.includes(part))
const contenders = CONTENDERS.filter((contender) => named(contender, values.only))
const pressures = PRESSURES.filter((pressure) => named(pressure, values.pressure))

/**
 * @typedef {UnderPressure & Tally & { end: 'finished' | 'hung' | 'crashed' }} Run
 * @typedef {object} Cell
 * @property {string} pressure
 * @property {string} contender
 * @property {readonly Run[]} runs
 */

/** Ended by the user, a run is killed, and what it has is taken back as after every other. */
const stopped = new AbortController()
// `on`, since `timeout` sends its signal twice.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopped.abort())

/** @param {Pressure} pressure @param {Contender} contender @returns {Promise<Run>} */
async function runOnce(pressure, { words }) {
  stopped.signal.throwIfAborted()
  const folder = mkdtempSync(join(tmpdir(), 'under-pressure-'))
  try {
    const results = join(folder, 'results')
    const ended = await runUnder(pressure, {
      words,
      folder,
      env: { PEERS: peers, RESULTS: results, TASKS: String(tasks), PYTHONDONTWRITEBYTECODE: '1' },
      limitMs: limitS * 1000,
      signal: stopped.signal,
    })
    const isFinished = ended.how === 'ended' && ended.exitCode === 0
    const end = ended.how === 'hung' ? 'hung' : isFinished ? 'finished' : 'crashed'
    return { ...ended, ...tally(results, tasks), end }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {Run} run */
function describe({ end, right, wrong, lost, exitCode, signal, tookMs }) {
  const how =
    end === 'crashed'
      ? ` (${signal ?? (exitCode && exitCode > 128 ? `128+${exitCode - 128}` : exitCode)})`
      : ''
  const counts = [
    `${right} right`,
    ...(wrong ? [`${wrong} wrong`] : []),
    ...(lost ? [`${lost} lost`] : []),
  ]
  const took = end === 'hung' ? '' : `, ${(tookMs / 1000).toFixed(1)} s`
  return `${end}${how}: ${counts.join(', ')}${took}`
}

/** @param {string} from */
function versionText(from) {
  if (from !== 'python3') return versionOf(from)
  return spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? 'no python3'
}

if (process.platform !== 'linux') throw new Error('Namespaces and control groups: Linux only.')
if (!existsSync(join(root, 'dist')))
  throw new Error('There is no dist/: run `npm run build` first.')
const obstacleHere = obstacle()
if (obstacleHere !== undefined) throw new Error(obstacleHere)
installPeers([
  ...new Set(
    contenders.flatMap(({ from, pinned }) => (pinned === undefined ? [] : [`${from}@${pinned}`])),
  ),
])

/** @type {Cell[]} */
const cells = []
/** @type {Map<string, string>} what each pressure was, or why it was not to be had */
const limits = new Map()
for (const pressure of pressures) {
  for (const contender of contenders) {
    /** @type {Run[]} */
    const runs = []
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      try {
        const run = await runOnce(pressure, contender)
        limits.set(pressure.name, run.limit)
        runs.push(run)
        console.error(`${pressure.name}, ${contender.name}: ${describe(run)}`)
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        limits.set(pressure.name, `not to be had here: ${error.message}`)
        break
      }
    }
    cells.push({ pressure: pressure.name, contender: contender.name, runs })
  }
}

const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} usable, Linux ${release()}, load ${loadavg()[0]?.toFixed(1)}`
console.log(
  `${tasks} tasks, 8 workers, ${repeats} run${repeats === 1 ? '' : 's'} each, hung after ${limitS} s (${new Date().toISOString().slice(0, 10)}, node ${process.version}; ${machine})\n`,
)
console.log(`| too little | ${pressures.map(({ name }) => name).join(' | ')} |`)
console.log(`| --- |${pressures.map(() => ' --- |').join('')}`)
console.log(`| of ${pressures.map(({ what }) => what).join(' | ')} |`)
console.log(`| limit | ${pressures.map(({ name }) => limits.get(name)).join(' | ')} |`)
for (const { name, from } of contenders) {
  const row = pressures.map((pressure) => {
    const cell = cells.find((found) => found.pressure === pressure.name && found.contender === name)
    return [...new Set(cell?.runs.map(describe))].join('; ') || 'not run'
  })
  console.log(`| ${name} ${versionText(from)} | ${row.join(' | ')} |`)
}
console.log('\nRight: the result that it must be. Lost: none, whether with an error or without.')
for (const { name, settings } of contenders) console.log(`- ${name}: ${settings}`)
if (values.json !== undefined) {
  const versions = Object.fromEntries(contenders.map(({ from }) => [from, versionText(from)]))
  const about = { node: process.version, versions, machine, tasks, repeats, limitS }
  writeFileSync(
    values.json,
    `${JSON.stringify({ ...about, limits: Object.fromEntries(limits), cells }, undefined, 2)}\n`,
  )
}
