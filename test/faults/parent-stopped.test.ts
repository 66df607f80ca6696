// B5: the parent is stopped for five seconds and continued.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readStat } from '../../src/os/process-identity.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { untilSeen, type Held } from './holder.ts'
import { Stage, isRunning, until } from './observe.ts'

const skip = needs('linux')
const stoppedMs = 5000

describe('parent stopped', { concurrency: 3 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    faultRow({ id: 'B5', kind, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const program = await stage.start('stopped.mjs', [kind])
      const held = await program.ready<Held>()
      await untilSeen(stage, held)
      const before = stage.processes()
      program.kill('SIGSTOP')
      await until(() => readStat(program.pid)?.state === 'T', 'the program to be stopped')
      // The time is the fault: no condition to wait for.
      await delay(stoppedMs)
      assert.deepEqual(
        before.filter((seen) => !isRunning(seen)),
        [],
        'ended while it was stopped',
      )
      program.kill('SIGCONT')
      await until(() => program.lines('settled').length === 2, `F: both tasks ${program.told}`)
      await program.line('ticks')
      assert.deepEqual(
        program.lines('settled').map(String).toSorted(),
        ['long', 'short'],
        program.told,
      )
      // Ten in that time, and one that was due.
      const [ticks] = program.lines('ticks')
      assert.ok(typeof ticks === 'number' && ticks <= 13, `${String(ticks)} ticks in 500 ms`)
      // The executor may have started workers meanwhile; none that was there may be missing.
      assert.deepEqual(
        before.filter((seen) => !isRunning(seen)),
        [],
        'ended after it went on',
      )
      await untilSeen(stage, held)
      program.kill('SIGTERM')
      const end = await program.ended
      assert.equal(end.signal, 'SIGTERM')
      const { allMs } = await stage.gone({ since: end.at })
      return allMs
    })
  }
})
