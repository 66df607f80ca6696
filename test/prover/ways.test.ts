/** Each way does to a command what its name says, and to nobody else. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ways } from '../../src/prover/ways.ts'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { needs, type NeedName } from '../helpers/needs.ts'
import { linesOf, tryOnce, wayCalled } from './trials.ts'

const recorder = fileURLToPath(new URL('recorder.mjs', import.meta.url))

interface Expected {
  readonly way: string
  /** What root and worker note down, in any order. */
  readonly notes: readonly string[]
  /** How what was started ended. */
  readonly end: NodeJS.Signals | number
  /** Whether the worker is left. */
  readonly leavesWorker: boolean
  readonly mode?: 'stubborn'
  readonly needs?: readonly NeedName[]
}

const expected: readonly Expected[] = [
  { way: 'sigint', notes: ['root SIGINT'], end: 1, leavesWorker: true },
  { way: 'sigint-group', notes: ['root SIGINT', 'worker SIGINT'], end: 1, leavesWorker: false },
  { way: 'sigterm', notes: ['root SIGTERM'], end: 1, leavesWorker: true },
  {
    way: 'timeout',
    notes: ['root SIGTERM', 'worker SIGTERM'],
    end: 124,
    leavesWorker: false,
    needs: ['timeout'],
  },
  {
    way: 'timeout-kill',
    notes: ['root SIGTERM', 'worker SIGTERM'],
    end: 'SIGKILL',
    leavesWorker: false,
    mode: 'stubborn',
    needs: ['timeout'],
  },
  { way: 'sigkill-worker', notes: ['root worker SIGKILL'], end: 1, leavesWorker: false },
  { way: 'sigkill', notes: [], end: 'SIGKILL', leavesWorker: true },
  { way: 'sigkill-group', notes: [], end: 'SIGKILL', leavesWorker: false },
  {
    way: 'terminal-closed',
    notes: ['root SIGHUP', 'worker SIGHUP'],
    end: 'SIGKILL',
    leavesWorker: false,
    needs: ['script'],
  },
]

for (const { way, notes, end, leavesWorker, mode = 'polite', needs: wanted = [] } of expected) {
  test(
    `prove ends a command by ${wayCalled(way).label}`,
    { skip: needs('linux', ...wanted) },
    async (t) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-ways-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const leftovers = watchLeftovers(t)
      const file = path.join(folder, 'notes')
      const words = [process.execPath, recorder, file, mode]
      const trial = await tryOnce({ way: wayCalled(way), words })
      const said = linesOf(file)
      assert.ok(said.includes('root ready'), `not ready at the moment: ${said.join(', ')}`)
      // `timeout` signals its child, and then the group.
      assert.deepEqual(
        [...new Set(said.filter((line) => line !== 'root ready'))].toSorted(),
        [...notes].toSorted(),
      )
      assert.equal(trial.signal ?? trial.exitCode, end)
      assert.equal(trial.outcome, 'ended')
      assert.equal(
        trial.left.some(({ kind, name }) => kind === 'process' && name.endsWith(' worker')),
        leavesWorker,
        JSON.stringify(trial.left),
      )
      await leftovers.none()
    },
  )
}

test(
  'under exec, the worker that is killed is one of the command',
  { skip: needs('linux') },
  async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-ways-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const leftovers = watchLeftovers(t)
    const file = path.join(folder, 'notes')
    const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
    const exec = [process.execPath, cli, 'exec', '--']
    for (const choice of [0, 0.99]) {
      const trial = await tryOnce({
        way: wayCalled('sigkill-worker'),
        mode: 'exec',
        words: [...exec, process.execPath, recorder, file],
        draw: { moment: 0, choice },
      })
      assert.deepEqual([trial.outcome, trial.exitCode, trial.left], ['ended', 1, []])
    }
    const killed = linesOf(file).filter((line) => line !== 'root ready')
    assert.deepEqual(killed, ['root worker SIGKILL', 'root worker SIGKILL'])
    await leftovers.none()
  },
)

test('every way is tried by a test, but for the normal end', () => {
  assert.deepEqual(
    ways.map(({ id }) => id).toSorted(),
    ['normal', ...expected.map(({ way }) => way)].toSorted(),
  )
})
