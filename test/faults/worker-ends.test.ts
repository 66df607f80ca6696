/** D1: a task ends its worker. That task fails with the cause; no other is lost, and none runs twice. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import type { ExecutorStats, ShutdownReport } from 'tidypool'
import { Stage } from './observe.ts'
import { linesOf, type Outcome } from './programs/scenario.mjs'

interface Said {
  readonly outcomes: readonly Outcome[]
  readonly failed: Outcome
  readonly next: Outcome
  readonly stats: ExecutorStats
  readonly report: ShutdownReport
}

interface Way {
  readonly kind: 'process' | 'thread'
  readonly how: string
  readonly exitCode: number | null
  readonly signal: string | null
  readonly message: RegExp
}

const ways: readonly Way[] = [
  { kind: 'process', how: 'exit 0', exitCode: 0, signal: null, message: /process\.exit/ },
  { kind: 'process', how: 'exit 1', exitCode: 1, signal: null, message: /process\.exit/ },
  { kind: 'process', how: 'kill SIGKILL', exitCode: null, signal: 'SIGKILL', message: /memory/ },
  { kind: 'process', how: 'kill SIGSEGV', exitCode: null, signal: 'SIGSEGV', message: /SIGSEGV/ },
  { kind: 'process', how: 'throw', exitCode: 1, signal: null, message: /outside any task/ },
  { kind: 'thread', how: 'exit 0', exitCode: 0, signal: null, message: /process\.exit/ },
  { kind: 'thread', how: 'exit 1', exitCode: 1, signal: null, message: /process\.exit/ },
  { kind: 'thread', how: 'throw', exitCode: 1, signal: null, message: /exited with code 1/ },
]

/** The others are left to `npm run faults`. */
const ci = new Set(['process, exit 1', 'process, kill SIGKILL', 'thread, exit 1'])

for (const { kind, how, exitCode, signal, message } of ways) {
  faultRow(
    {
      id: 'D1',
      kind: `${kind}, ${how}`,
      repeats: 25,
      ciRepeats: ci.has(`${kind}, ${how}`) ? 1 : 0,
    },
    async (t) => {
      const stage = new Stage(t)
      const notes = path.join(stage.folder, 'notes')
      const program = await stage.start('worker-ends.mjs', [kind, how, notes])
      const { failed, outcomes, next, stats, report } = (await program.ready()) as Said

      assert.equal(failed.code, 'ERR_WORKER_DIED')
      assert.deepEqual([failed.exitCode, failed.signal, failed.ran], [exitCode, signal, true])
      assert.match(failed.message ?? '', message)
      const lost = outcomes.filter(({ status }) => status !== 'fulfilled')
      assert.deepEqual(lost, [], 'no other task is lost')
      const begun = linesOf(notes)
        .map(Number)
        .toSorted((a, b) => a - b)
      assert.deepEqual(
        begun,
        outcomes.map((_, index) => index),
        'each other task ran once',
      )
      assert.equal(next.value, 'next')
      assert.deepEqual([stats.finished, stats.failed, stats.queued], [121, 1, 0])
      assert.deepEqual(report.errors, [])
      assert.equal(report.workers.filter((end) => end.how === 'died').length, 1)

      const { exitCode: status } = await program.ended
      assert.equal(status, 0, program.told)
      const { allMs } = await stage.gone({ since: (await program.ended).at })
      return allMs
    },
  )
}
