/**
 * K3, and what else a crowded machine is short of: a batch of mixed work finishes with all results right under each pressure, and
 * leaves nothing. `bench/under-pressure.mjs` does the same with other pools.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultRow } from '../helpers/fault-row.ts'
import { needs, type NeedName } from '../helpers/needs.ts'
import { tally } from './pressure/batch.mjs'
import { PRESSURES } from './pressure/pressures.mjs'
import { runUnder } from './pressure/run-under.mjs'

const tasks = 60
const limitMs = 120_000
const program = fileURLToPath(new URL('programs/mixed-batch.mjs', import.meta.url))
const needed: Readonly<Record<string, readonly NeedName[]>> = {
  pids: ['pids control group'],
  memory: ['memory control group'],
  descriptors: ['prlimit'],
  nproc: ['another user', 'prlimit', 'setpriv'],
}

for (const pressure of PRESSURES) {
  const row = {
    id: 'K3',
    kind: `mixed batch, too little: ${pressure.name}`,
    repeats: 8,
    ciRepeats: 1,
    limitMs: limitMs + 30_000,
    skip: needs('unshare', 'mount namespace', 'pid namespace', ...(needed[pressure.name] ?? [])),
  }
  faultRow(row, async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'under-pressure-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const results = path.join(folder, 'results')
    const { how, exitCode, signal, left, output, limit } = await runUnder(pressure, {
      words: [process.execPath, program],
      folder,
      env: { RESULTS: results, TASKS: String(tasks) },
      limitMs,
    })
    const told = `${limit}\n${output}`
    const complete = { right: tasks, wrong: 0, lost: 0, told: 0, errors: {} }
    assert.deepEqual(tally(results, tasks), complete, told)
    // A task makes a directory by Node's own means, and where the out-of-memory killer ends it in there, nobody knows of it.
    const unknown = left.filter((name) => name.startsWith('temporary mixed-'))
    const died = Number(/"died":(\d+)/.exec(output)?.[1])
    assert.ok(unknown.length <= died, `${unknown.join()} of ${died} that died\n${told}`)
    const known = left.filter((name) => !unknown.includes(name))
    const clean = { how: 'ended', exitCode: 0, signal: null, left: [] }
    assert.deepEqual({ how, exitCode, signal, left: known }, clean, told)
  })
}
