// A5: an executor belongs to a worker thread, and the thread ends while the process lives on.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { untilSeen, type Held } from './holder.ts'
import { Stage, isRunning, promiseMs, until } from './observe.ts'

const skip = needs('linux')

describe('thread owner', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    for (const way of ['exit', 'return', 'throw', 'terminate'] as const) {
      faultRow(
        { id: 'A5', kind: `${kind}, thread ends by ${way}`, ciRepeats: 1, skip },
        async (t, repeat) => {
          const stage = new Stage(t)
          // What is busy keeps a thread alive that has nothing else to do.
          const state = repeat % 2 === 0 && way !== 'return' ? 'busy' : 'idle'
          const program = await stage.start('thread-owner.mjs', [kind, state, way])
          const held = await program.ready<Held>()
          const others = (await program.line('main')) as number[]
          await untilSeen(stage, held)
          const before = stage.processes()
          const mainsOwn = before.filter(({ pid }) => others.includes(pid) || pid === program.pid)
          assert.equal(mainsOwn.length, 2, 'the main thread and its worker are seen')
          const threads = before.filter(({ pid }) => held.pids.includes(pid))

          const since = performance.now()
          program.kill('SIGUSR2')
          await until(
            () => !threads.some(isRunning),
            'P: processes of the thread to end',
            promiseMs,
          )
          await until(() => stage.journals().length === 1, 'J: one journal to be left', promiseMs)
          // The main thread's stays: its worker is counted there (budget of the process tree).
          await until(() => stage.files().length === 1, 'T: its directory to go', promiseMs)
          await until(
            () => stage.processes().filter(({ isCleaner }) => isCleaner).length === 1,
            'P: one guardian to be left',
            promiseMs,
          )
          const tookMs = performance.now() - since
          assert.ok(tookMs <= promiseMs, `gone after ${Math.round(tookMs)} ms`)
          assert.ok(mainsOwn.every(isRunning), "the main thread's worker was left alone")

          await program.line('ended')
          program.kill('SIGUSR2')
          const end = await program.ended
          await stage.gone({ since: end.at })
          await program.drained()
          assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
          assert.deepEqual(program.lines('usable'), [42])
          return tookMs
        },
      )
    }

    faultRow(
      { id: 'A5', kind: `${kind}, the main thread exits`, ciRepeats: 1, skip },
      async (t) => {
        const stage = new Stage(t)
        const program = await stage.start('thread-owner.mjs', [kind, 'busy', 'mainExits'])
        await untilSeen(stage, await program.ready<Held>())
        await program.line('main')
        program.kill('SIGUSR2')
        const end = await program.ended
        const { allMs } = await stage.gone({ since: end.at })
        assert.deepEqual([end.exitCode, end.signal], [7, null], program.told)
        return allMs
      },
    )
  }
})
