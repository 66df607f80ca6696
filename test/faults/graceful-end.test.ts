// B3, B4, B9, B10: signals to a program that handles them: by `handleSignals`, or by a listener of its own.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from '../../src/os/process-identity.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { untilSeen, type Held } from './holder.ts'
import { Stage, isRunning, ownNumber, until, type Program, type StartOptions } from './observe.ts'

const skip = needs('linux')

interface Options {
  readonly tasks: readonly number[]
  readonly graceMs?: number
  readonly holds?: boolean
  readonly starting?: boolean
  readonly own?: 'beside' | 'alone'
}

interface Graceful extends Held {
  readonly workers: readonly number[]
}

async function startGraceful(
  stage: Stage,
  kind: string,
  options: Options,
  how: StartOptions = {},
): Promise<[Program, Graceful]> {
  const program = await stage.start('graceful.mjs', [kind, JSON.stringify(options)], how)
  const held = await program.ready<Graceful>()
  if (options.holds === true) await untilSeen(stage, held)
  return [program, held]
}

/** F: what became of each task, in order of the tasks; each is told once. */
function outcomes(program: Program): unknown[] {
  const settled = program.lines('settled') as [number, string][]
  return settled.toSorted(([a], [b]) => a - b).map(([, outcome]) => outcome)
}

function allFulfilled(count: number): string[] {
  return Array.from({ length: count }, () => 'fulfilled')
}

const kinds = ['process', 'thread', 'inline'] as const

describe('graceful end', { concurrency: 2 }, () => {
  for (const kind of kinds) {
    faultRow(
      { id: 'B3', kind: `${kind}, TERM while draining`, ciRepeats: 2, skip },
      async (t, repeat) => {
        const stage = new Stage(t)
        // Two run, two wait. Every other time there is more to clean up than the executor.
        const tasks = [300, 200, 50, 50]
        const holds = repeat % 2 === 0
        const [program] = await startGraceful(stage, kind, { tasks, holds })
        const since = performance.now()
        program.kill('SIGTERM')
        const end = await program.ended
        await stage.gone({ since: end.at })
        await program.drained()
        assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], `X: ${program.told}`)
        assert.deepEqual(outcomes(program), allFulfilled(4), `F: ${program.told}`)
        assert.deepEqual(
          [program.lines('before'), program.lines('aborted')],
          [['SIGTERM'], ['open']],
        )
        const tookMs = end.at - since
        assert.ok(tookMs <= 3000, `drained in ${Math.round(tookMs)} ms, grace 3,000 ms`)
        return tookMs
      },
    )

    faultRow({ id: 'B3', kind: `${kind}, grace time over`, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const tasks = [1_000_000, 1_000_000, 50]
      const [program] = await startGraceful(stage, kind, { tasks, graceMs: 300, holds: true })
      const since = performance.now()
      program.kill('SIGTERM')
      const end = await program.ended
      await stage.gone({ since: end.at })
      await program.drained()
      assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], `X: ${program.told}`)
      assert.ok(outcomes(program).length <= 3, `F: ${program.told}`)
      const tookMs = end.at - since
      // The grace time, what executors get to kill their workers, and a machine under load.
      assert.ok(tookMs >= 290 && tookMs <= 2300, `ended after ${Math.round(tookMs)} ms`)
      return tookMs
    })

    faultRow(
      { id: 'B3', kind: `${kind}, a second signal`, ciRepeats: 2, skip },
      async (t, repeat) => {
        const stage = new Stage(t)
        const options = { tasks: [1_000_000, 1_000_000, 50], graceMs: 60_000, holds: true }
        const [program] = await startGraceful(stage, kind, options)
        const first = performance.now()
        program.kill('SIGTERM')
        await program.line('before')
        // Within 100 ms the same signal is taken for the same one; another one never is.
        const second = repeat % 2 === 0 ? 'SIGTERM' : 'SIGINT'
        if (second === 'SIGTERM')
          await until(() => performance.now() - first > 150, '150 ms to pass')
        const since = performance.now()
        program.kill(second)
        const end = await program.ended
        await stage.gone({ since: end.at })
        assert.deepEqual([end.exitCode, end.signal], [null, second], `X: ${program.told}`)
        const tookMs = end.at - since
        assert.ok(tookMs <= 500, `ended ${Math.round(tookMs)} ms after the second signal`)
        return tookMs
      },
    )

    faultRow(
      { id: 'B4', kind: `${kind}, a listener of its own`, ciRepeats: 1, skip },
      async (t) => {
        const stage = new Stage(t)
        const [program, held] = await startGraceful(stage, kind, {
          tasks: [],
          holds: true,
          own: 'alone',
        })
        const before = stage.processes()
        program.kill('SIGTERM')
        await program.line('heard')
        assert.equal(await program.line('usable'), 42, 'executors stay usable')
        program.kill('SIGTERM')
        await until(() => program.lines('usable').length === 2, 'it to be usable again')
        assert.deepEqual(
          before.filter((seen) => !isRunning(seen)),
          [],
          'nothing was ended',
        )
        await untilSeen(stage, held)
        program.kill('SIGKILL')
        await program.ended
        const { allMs } = await stage.gone()
        return allMs
      },
    )

    faultRow({ id: 'B4', kind: `${kind}, beside handleSignals`, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const [program] = await startGraceful(stage, kind, { tasks: [300, 200], own: 'beside' })
      program.kill('SIGTERM')
      await until(() => outcomes(program).length === 2, 'tasks to be finished')
      await program.line('closed')
      // The executors are shut down, their guardian is dismissed, and the end is the program's.
      await until(() => stage.processes().length === 1, 'all but the program to end', 3000)
      await until(() => stage.things().length === 0, 'all to be released', 2000)
      assert.deepEqual(outcomes(program), allFulfilled(2))
      assert.equal(program.hasEnded, false, 'we do not exit')
      // Our listeners are gone: only its own hears the next one.
      program.kill('SIGTERM')
      await until(() => program.lines('heard').length === 2, 'it to hear the next signal')
      assert.deepEqual(program.lines('heard'), ['open', 'closed'])
      assert.equal(program.hasEnded, false, 'we do not exit')
      program.kill('SIGKILL')
      const end = await program.ended
      const { allMs } = await stage.gone({ since: end.at })
      return allMs
    })
  }

  for (const kind of ['process', 'thread'] as const) {
    const title = `${kind}, TERM to every pid while draining`
    faultRow({ id: 'B9', kind: title, ciRepeats: 3, skip }, async (t, repeat) => {
      const stage = new Stage(t)
      const tasks = [300, 200, 50]
      const [program, { workers }] = await startGraceful(stage, kind, { tasks })
      const seen = stage.processes()
      // The owner first, last, or with all others, as PM2, a shell and systemd do.
      const others = seen.filter(({ pid }) => pid !== program.pid)
      assert.ok(
        others.some(({ isCleaner }) => isCleaner),
        'the guardian is seen',
      )
      if (kind === 'process') {
        assert.ok(workers.every((pid) => others.some((other) => other.pid === pid)))
      }
      const since = performance.now()
      if (repeat % 3 === 0) program.kill('SIGTERM')
      if (repeat % 3 === 1) {
        program.kill('SIGTERM')
        await program.line('before')
      }
      for (const { pid } of others) process.kill(pid, 'SIGTERM')
      if (repeat % 3 === 2) program.kill('SIGTERM')
      const end = await program.ended
      await stage.gone({ since: end.at })
      await program.drained()
      assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], `X: ${program.told}`)
      assert.deepEqual(outcomes(program), allFulfilled(3), `F: ${program.told}`)
      return end.at - since
    })
  }

  faultRow({ id: 'B9', kind: 'process, while workers start', ciRepeats: 3, skip }, async (t) => {
    const stage = new Stage(t)
    const options = { tasks: [50, 50, 50], graceMs: 10_000, starting: true }
    const [program] = await startGraceful(stage, 'process', options)
    // A worker of a busy machine takes a quarter of a second to run its first module. The moment is the fault.
    await delay(Math.random() * 250)
    const since = performance.now()
    for (const { pid } of stage.processes()) signalIfThere(pid, 'SIGTERM')
    const end = await program.ended
    await stage.gone({ since: end.at })
    await program.drained()
    assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], `X: ${program.told}`)
    assert.deepEqual(outcomes(program), allFulfilled(3), `F: ${program.told}`)
    return end.at - since
  })

  const skipPidOne = needs('linux', 'root', 'unshare', 'pid namespace')
  for (const kind of kinds) {
    faultRow(
      { id: 'B10', kind: `${kind}, pid 1`, ciRepeats: 1, skip: skipPidOne },
      async (t, repeat) => {
        const stage = new Stage(t)
        const [program] = await startGraceful(
          stage,
          kind,
          { tasks: [200, 100, 50], holds: repeat % 2 === 0 },
          { wrapper: ['unshare', '--pid', '--fork', '--mount-proc'] },
        )
        const first = stage.processes().find(({ pid }) => ownNumber(pid) === 1)
        assert.ok(first, 'it is pid 1 of its namespace')
        process.kill(first.pid, 'SIGTERM')
        const end = await program.ended
        await stage.gone({ since: end.at })
        await program.drained()
        assert.deepEqual([end.exitCode, end.signal], [143, null], `X: ${program.told}`)
        assert.deepEqual(outcomes(program), allFulfilled(3), `F: ${program.told}`)
      },
    )
  }
})

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
