// B1, B2: a signal whose default action ends a process, sent to a parent that listens to nothing.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe } from 'node:test'
import { readStat } from '../../src/os/process-identity.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, until } from './observe.ts'

const skip = needs('linux')
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const
const kinds = ['process', 'thread', 'inline'] as const
const states = ['idle', 'busy'] as const

/** One after the other, so that each is met as often when repeats are a multiple of all of them. */
function nth<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length]
  assert.ok(item !== undefined)
  return item
}

describe('signals', { concurrency: 2 }, () => {
  for (const kind of kinds) {
    // 50 for each signal, half of them with a busy executor.
    const title = `${kind}, TERM INT HUP QUIT USR2 ALRM in turn, idle and busy`
    faultRow({ id: 'B1', kind: title, repeats: 300, ciRepeats: 6, skip }, async (t, repeat) => {
      const signal = nth(signals, repeat)
      const stage = new Stage(t)
      const state = nth(states, Math.floor(repeat / signals.length) + repeat)
      const parent = await startHolder(stage, [kind, state], { cwd: stage.folder })
      const since = performance.now()
      parent.kill(signal)
      const end = await parent.ended
      assert.deepEqual([end.exitCode, end.signal], [null, signal], 'X: the wait status')
      const { allMs } = await stage.gone({ since })
      return allMs
    })
  }

  for (const kind of kinds) {
    for (const way of ['loop', 'atomics', 'execSync'] as const) {
      const title = `${kind}, parent in ${way}, six signals in turn`
      faultRow({ id: 'B2', kind: title, ciRepeats: 2, skip }, async (t, repeat) => {
        const signal = nth(signals, repeat)
        const stage = new Stage(t)
        const args = [kind, nth(states, repeat), way]
        const parent = await startHolder(stage, args, { cwd: stage.folder })
        const before = ticksOf(parent.pid)
        await until(() => isBlocked[way](parent.pid, before), `the parent to be in ${way}`)
        const since = performance.now()
        parent.kill(signal)
        const end = await parent.ended
        assert.deepEqual([end.exitCode, end.signal], [null, signal], 'X: the wait status')
        const deadMs = end.at - since
        assert.ok(deadMs <= 1000, `dead after ${Math.round(deadMs)} ms, limit 1,000 ms`)
        const { allMs } = await stage.gone({ since })
        return allMs
      })
    }
  }
})

/** Whether the main thread does not listen any more. */
const isBlocked: Record<
  'loop' | 'atomics' | 'execSync',
  (pid: number, ticksBefore: number) => boolean
> = {
  // It has used processor time for a tenth of a second since it said that it was ready.
  loop: (pid, before) => ticksOf(pid) >= before + 10,
  // The event loop waits in epoll; a kernel that does not tell (0) cannot be asked.
  atomics: (pid) => /futex|^0?$/.test(readFileSync(`/proc/${pid}/wchan`, 'latin1')),
  execSync: (pid) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .some((child) => readStat(Number(child))?.name === 'sleep' && isFourSeconds(Number(child))),
}

function isFourSeconds(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[1] === '4'
}

/** Processor time of the main thread, in ticks of 10 ms: fields 14 and 15 of `stat`. */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
