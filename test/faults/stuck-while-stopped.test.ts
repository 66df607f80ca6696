// K5: the machine, or the program alone, is paused: the time in which nobody could look is nobody's fault.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readStat } from '../../src/os/process-identity.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { untilSeen, type Held } from './holder.ts'
import { Stage, until } from './observe.ts'

const skip = needs('linux')
const stoppedMs = 5000

describe(
  'tasks are not stuck for the time in which their owner was stopped',
  { concurrency: 3 },
  () => {
    for (const kind of ['process', 'thread', 'inline'] as const) {
      faultRow({ id: 'K5', kind, ciRepeats: 1, skip }, async (t) => {
        const stage = new Stage(t)
        const program = await stage.start('stuck-while-stopped.mjs', [kind])
        await untilSeen(stage, await program.ready<Held>())
        program.kill('SIGSTOP')
        await until(() => readStat(program.pid)?.state === 'T', 'the program to be stopped')
        // The time is the fault: no condition to wait for.
        await delay(stoppedMs)
        program.kill('SIGCONT')
        await until(() => program.lines('settled').length === 2, `F: both tasks ${program.told}`)
        assert.deepEqual(program.lines('stuck'), [], program.told)
        assert.deepEqual(
          program.lines('settled').map(String).toSorted(),
          ['long', 'short'],
          program.told,
        )
        program.kill('SIGTERM')
        const end = await program.ended
        const { allMs } = await stage.gone({ since: end.at })
        return allMs
      })
    }
  },
)
