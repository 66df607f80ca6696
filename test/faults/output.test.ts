/** D5 and D6: what tasks do to their standard streams costs neither a deadlock, nor memory, nor time. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, until } from './observe.ts'
import { linesOf, type Outcome } from './programs/scenario.mjs'

const full = process.env['TIDYPOOL_FAULTS'] === 'full'

faultRow({ id: 'D5', kind: 'process', ciRepeats: 1, skip: needs('linux', 'setsid') }, async (t) => {
  const stage = new Stage(t)
  const pids = path.join(stage.folder, 'pids')
  const exited = path.join(stage.folder, 'exited')
  const program = await stage.start('held-pipe.mjs', ['process', pids, exited])
  const said = (await program.ready()) as {
    outcome: Outcome
    lateMs: number
    leaks: string[]
    report: ShutdownReport
  }
  assert.equal(said.outcome.code, 'ERR_WORKER_DIED')
  assert.equal(said.outcome.exitCode, 3)
  assert.equal(said.leaks.length, 1, 'the leak is told')
  assert.ok(said.report.escaped.some(({ pid }) => pid === Number(linesOf(pids)[0])))
  // The 250 ms begin when Node tells of the exit, some time after the worker itself took the time.
  assert.ok(said.lateMs <= 250 + 150, `the result came ${said.lateMs} ms after the exit`)
  const end = await program.ended
  assert.equal(end.exitCode, 0, program.told)
  process.kill(Number(linesOf(pids)[0]), 'SIGKILL')
  await stage.gone()
  return said.lateMs
})

/** Highest resident memory so far, in MiB. */
function peakMiB(pid: number): number {
  const kiB = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kiB) / 1024
}

/** A GiB, as the table says: from a task that minds back-pressure, or from a command that it runs. */
const much = full ? 1024 : 64
/** From a loop that does not, Node keeps all of it in the worker until the loop ends, and above 700 MiB it drops it. */
const keptByNode = 64

const floods = [
  { kind: 'process', task: 'pacedOut', taskOutput: 'inherit', megabytes: much, ciRepeats: 1 },
  { kind: 'process', task: 'pacedErr', taskOutput: 'inherit', megabytes: much, ciRepeats: 1 },
  { kind: 'process', task: 'pacedOut', taskOutput: 'stderr', megabytes: much, ciRepeats: 0 },
  { kind: 'process', task: 'child', taskOutput: 'inherit', megabytes: much, ciRepeats: 0 },
  { kind: 'process', task: 'writeOut', taskOutput: 'inherit', megabytes: keptByNode, ciRepeats: 1 },
  { kind: 'process', task: 'writeErr', taskOutput: 'stderr', megabytes: keptByNode, ciRepeats: 0 },
  { kind: 'thread', task: 'pacedOut', taskOutput: 'inherit', megabytes: much, ciRepeats: 1 },
  { kind: 'thread', task: 'pacedOut', taskOutput: 'stderr', megabytes: much, ciRepeats: 0 },
] as const

for (const { kind, task, taskOutput, megabytes, ciRepeats } of floods) {
  const title = `${kind}, ${task}, ${taskOutput}`
  // A GiB takes its time: few repeats show as much as fifty.
  const row = { id: 'D6', kind: title, repeats: megabytes > 64 ? 3 : 25, ciRepeats }
  faultRow({ ...row, limitMs: 300_000 }, async (t) => {
    const stage = new Stage(t)
    const arg = [kind, task, taskOutput, String(megabytes)]
    const program = await stage.start('floods.mjs', arg, { ready: false })
    const { stdout, stderr } = program.child
    // Counted, not kept: `Program` would keep it.
    let bytes = 0
    for (const stream of [stdout, stderr]) {
      stream?.removeAllListeners('data')
      stream?.on('data', (chunk: string) => (bytes += chunk.length))
    }
    const done = path.join(stage.folder, 't', 'done')
    const peak = await until(
      () => linesOf(done).length > 0 && peakMiB(program.pid),
      'the flood to be over',
      290_000,
    )
    const [line = '{}'] = linesOf(done)
    const said = JSON.parse(line) as { outcome: Outcome; worker: number; size: number }
    program.kill('SIGUSR2')
    const end = await program.ended
    assert.deepEqual([end.exitCode, end.signal], [null, 'SIGUSR2'])
    assert.equal(said.outcome.value, megabytes * 16)
    assert.equal(said.size, 0, 'a task that reads stdin finds it empty')
    await until(() => bytes >= megabytes * 2 ** 20, `all of it to be read (${bytes} bytes)`)
    assert.ok(peak < 250, `memory of the program: ${peak} MiB`)
    assert.ok(said.worker < 250, `memory of the worker: ${said.worker} MiB`)
    await until(() => stage.processes().length === 0, 'P', 2000)
  })
}
