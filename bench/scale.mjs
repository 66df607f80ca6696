// Question: how does the cost of a task grow with the number of workers and of tasks?
//
//   node bench/scale.mjs [--quick] [--rounds N] [--out FOLDER] [--json FILE]
//
// Needs `npm run build`. 1 to 16 workers, 1,000 to 1,000,000 tasks at once, threads and processes: each cell in a process of its own
// (scale/one.mjs), the rounds interleaved. Prints the table; writes it with a plot as scale.md and scale.svg into FOLDER, which is docs/
// unless --quick is given: that has few tasks, and shows only that everything works.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pageOf, panelsOf } from './scale/page.mjs'
import { plot } from './scale/plot.mjs'

/** @import { ScaleCell } from './scale/page.mjs' */

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds ${values.rounds}? A whole number above 0.`)
const docs = fileURLToPath(new URL('../docs', import.meta.url))
const out = values.out ?? (values.quick ? undefined : docs)
const workers = values.quick ? [1, 2, 4] : [1, 2, 4, 8, 16]
const tasks = values.quick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000]
const limitMs = 120_000
const one = fileURLToPath(new URL('scale/one.mjs', import.meta.url))

/** @param {ScaleCell} cell @returns {Promise<ScaleCell['measured'][number] | { failed: string }>} */
async function measure({ kind, workers, tasks }) {
  const child = spawn(process.execPath, [one, kind, String(workers), String(tasks)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, limitMs)
  const said = await text(child.stdout)
  const [exitCode, signal] = await exited
  clearTimeout(timer)
  if (isLate) return { failed: `> ${limitMs / 1000} s` }
  return exitCode === 0 ? JSON.parse(said) : { failed: `crashed (${exitCode ?? signal})` }
}

if (!existsSync(new URL('../dist/index.js', import.meta.url)))
  throw new Error('There is no dist/: run `npm run build` first.')
/** @type {ScaleCell[]} */
const cells = /** @type {const} */ (['thread', 'process']).flatMap((kind) =>
  workers.flatMap((workers) =>
    tasks.map((tasks) => ({ kind, workers, tasks, measured: [], failed: [] })),
  ),
)
const loadBefore = loadavg()[0] ?? 0
for (let round = 0; round < rounds; round += 1) {
  for (const cell of cells) {
    const outcome = await measure(cell)
    if ('failed' in outcome) cell.failed.push(outcome.failed)
    else cell.measured.push(outcome)
    console.error(
      `round ${round + 1}, ${cell.workers} ${cell.kind}, ${cell.tasks} tasks: ${JSON.stringify(outcome)}`,
    )
  }
}

const about = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
  rounds,
  load: `${loadBefore.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after`,
}
const page = pageOf(cells, about)
console.log(page)
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...about, cells }, undefined, 2)}\n`)
if (out !== undefined) {
  writeFileSync(join(out, 'scale.md'), page)
  writeFileSync(
    join(out, 'scale.svg'),
    plot(panelsOf(cells), {
      title: 'Cost of a task by number of workers and of tasks',
      description:
        'Two panels, threads and processes, with a line for each number of workers: microseconds a task over the number of tasks that were submitted at once. The table in scale.md has the numbers.',
      x: 'tasks submitted at once',
      y: 'µs a task, both axes logarithmic',
    }),
  )
}
