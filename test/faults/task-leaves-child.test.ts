/**
 * D4: a task leaves a child behind. What stays in the worker's session is ended with the worker; what left it is named in the
 * report (or ended, with `onEscape: 'kill'`); and all of it is ended when the owner dies.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import type { ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, isRunning, until } from './observe.ts'

interface Said {
  readonly left: number
  readonly report: ShutdownReport
  readonly tookMs: number
}

interface Shape {
  readonly name: string
  /** What `sh -c` is given; FILE is replaced. */
  readonly command: string
  readonly leavesSession: boolean
  /** Whether the mark of the stage is in its environment. */
  readonly isCleared?: boolean
}

const stay = "sh -c 'echo $$ >>FILE; exec sleep 1000'"
const shapes: readonly Shape[] = [
  { name: 'plain', command: `exec ${stay}`, leavesSession: false },
  {
    name: 'own group',
    command: `exec bash -c 'set -m; sleep 1000 & echo $! >>FILE; wait'`,
    leavesSession: false,
  },
  { name: 'own session', command: `exec setsid ${stay}`, leavesSession: true },
  { name: 'double fork', command: `(${stay} &)`, leavesSession: false },
  { name: 'double fork and own session', command: `(setsid ${stay} &)`, leavesSession: true },
  {
    name: 'descriptors closed',
    command: `(setsid ${stay} <&- >&- 2>&- 3>&- 4>&- 5>&- &)`,
    leavesSession: true,
  },
  {
    name: 'environment cleared',
    command: `exec env -i PATH=/usr/bin:/bin ${stay}`,
    leavesSession: false,
    isCleared: true,
  },
]

/** The others are left to `npm run faults`. */
const ci = new Set(['process, plain', 'process, own session', 'thread, own session'])
const skip = needs('linux', 'setsid')

for (const { name, command, leavesSession, isCleared } of shapes) {
  const start = async (
    t: Parameters<Parameters<typeof faultRow>[1]>[0],
    kind: string,
    way: string,
  ) => {
    const stage = new Stage(t)
    const file = path.join(stage.folder, 'pid')
    const shell = command.replaceAll('FILE', file)
    const program = await stage.start('task-leaves-child.mjs', [kind, shell, file, way])
    const said = (await program.ready()) as Said
    const child = stage.watch(said.left)
    return { stage, program, child, ...said }
  }

  for (const kind of ['process', 'thread'] as const) {
    // A thread has no session: nothing but the environment tells that a process is its task's.
    const isEscaped = leavesSession || kind === 'thread'
    if (kind === 'thread' && isCleared === true) continue
    const row = { id: 'D4', repeats: 10, ciRepeats: ci.has(`${kind}, ${name}`) ? 1 : 0, skip }

    faultRow({ ...row, kind: `${kind}, ${name}, shutdown` }, async (t) => {
      const { stage, program, child, left, report, tookMs } = await start(t, kind, 'shutdown')
      const named = (isEscaped ? report.escaped : report.ended).map(({ pid }) => pid)
      assert.ok(named.includes(left), `${left} is not named in ${JSON.stringify(report)}`)
      assert.equal(isRunning(child), isEscaped, 'what has escaped is left, everything else ended')
      assert.deepEqual(report.errors, [])
      const end = await program.ended
      assert.equal(end.exitCode, 0, program.told)
      if (isEscaped) process.kill(left, 'SIGKILL')
      await stage.gone()
      return tookMs
    })

    faultRow({ ...row, kind: `${kind}, ${name}, owner killed` }, async (t) => {
      const { stage, program } = await start(t, kind, 'wait')
      program.kill('SIGKILL')
      const { at } = await program.ended
      const { allMs } = await stage.gone({ since: at })
      await stage.nextStart()
      return allMs
    })
  }

  if (!leavesSession) continue
  const ciRepeats = name === 'own session' ? 1 : 0
  const row = { id: 'D4', kind: `process, ${name}, onEscape kill`, repeats: 20, ciRepeats, skip }
  faultRow(row, async (t) => {
    const { stage, program, child, left, report } = await start(t, 'process', 'kill')
    assert.ok(
      report.escaped.some(({ pid }) => pid === left),
      JSON.stringify(report),
    )
    await until(() => !isRunning(child), 'what has escaped to be ended', 100)
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    await stage.gone({ since: end.at })
  })
}
