// Question: what do executors inside tasks, three deep, cost over one executor that runs the same tasks?
//
//   node bench/nested.mjs [--width N] [--task-ms MS] [--rounds N] [--kind thread|process] [--json FILE]
//
// Needs `npm run build`. Width^3 tasks, each a loop of so many milliseconds, once by a single executor and once by executors in tasks of
// executors in tasks, in turns, each from its first worker's start to the end of its shutdown. To reach: a ratio of at most 1.2.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { parseArgs } from 'node:util'
import { ProcessExecutor, ThreadExecutor } from '../dist/index.js'

/** @typedef {'thread' | 'process'} Kind */

/** Works for so many milliseconds. @param {number} ms */
export function leaf(ms) {
  const startedAt = performance.now()
  while (performance.now() - startedAt < ms) Math.sqrt(startedAt)
  return 1
}

/** @param {Kind} kind @param {number} depth @param {number} width @param {number} ms @returns {Promise<number>} */
export async function nest(kind, depth, width, ms) {
  const pool = executor(kind)
  try {
    /** @type {Promise<unknown>[]} */
    const calls = Array.from({ length: width }, () =>
      depth === 1 ? pool.submit('leaf', ms) : pool.submit('nest', kind, depth - 1, width, ms),
    )
    const sums = await Promise.all(calls)
    return sums.reduce((/** @type {number} */ sum, n) => sum + Number(n), 0)
  } finally {
    await pool.shutdown()
  }
}

/** @param {Kind} kind */
function executor(kind) {
  return kind === 'thread'
    ? new ThreadExecutor(import.meta.url)
    : new ProcessExecutor(import.meta.url)
}

/** @param {() => Promise<number>} run @param {number} expected */
async function timed(run, expected) {
  const startedAt = performance.now()
  const leaves = await run()
  if (leaves !== expected) throw new Error(`${leaves} tasks ran, not ${expected}`)
  return performance.now() - startedAt
}

/** @param {number[]} values */
const median = (values) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function main() {
  const { values } = parseArgs({
    options: {
      width: { type: 'string', default: '16' },
      'task-ms': { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      kind: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const width = Number(values.width)
  const ms = Number(values['task-ms'])
  const tasks = width ** 3
  const kinds = /** @type {Kind[]} */ (
    values.kind === undefined ? ['thread', 'process'] : [values.kind]
  )
  console.log(
    `${tasks} tasks of ${ms} ms, flat and ${width} x ${width} x ${width}; Node ${process.version}, ${availableParallelism()} processors (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}`,
  )
  const results = []
  for (const kind of kinds) {
    const flat = []
    const nested = []
    for (let round = 0; round < Number(values.rounds); round += 1) {
      flat.push(await timed(() => nest(kind, 1, tasks, ms), tasks))
      nested.push(await timed(() => nest(kind, 3, width, ms), tasks))
    }
    const row = {
      kind,
      flatMs: median(flat),
      nestedMs: median(nested),
      ratio: median(nested) / median(flat),
    }
    results.push(row)
    console.log(
      `${kind}: flat ${row.flatMs.toFixed(0)} ms, nested ${row.nestedMs.toFixed(0)} ms, ratio ${row.ratio.toFixed(2)} (to reach: 1.20)`,
    )
  }
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ node: process.version, width, ms, results }, undefined, 2)}\n`,
    )
}

// This file is the module of its own tasks as well.
if (isMainThread && process.argv[1] === import.meta.filename) await main()
