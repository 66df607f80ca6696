/** E4: ten thousand registrations and a torn last line: all are honoured, and the torn line is not. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, isRunning, until } from './observe.ts'
import { killBoth, sweepIn } from './owners.ts'

const full = process.env['TIDYPOOL_FAULTS'] === 'full'
const count = 10_000
/** Of them so many are running, spread over the journal. */
const alive = full ? 200 : 40

for (const by of ['guardian', 'sweep'] as const) {
  const row = {
    id: 'E4',
    kind: `by the ${by}`,
    repeats: 25,
    ciRepeats: by === 'guardian' ? 1 : 0,
    limitMs: 120_000,
  }
  faultRow({ ...row, skip: needs('linux') }, async (t) => {
    const stage = new Stage(t)
    const owner = await startHolder(stage, ['process', 'idle'])
    const [journal = ''] = stage.journals()
    const children: ChildProcess[] = []
    const start = (env: NodeJS.ProcessEnv) => {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true, env })
      children.push(child)
      t.after(() => child.kill('SIGKILL'))
      return stage.watch(child.pid ?? 0)
    }
    // No cookie in their environment: only the record tells.
    const recorded = Array.from({ length: alive }, () => start({ PATH: process.env['PATH'] }))
    const stranger = start({ PATH: process.env['PATH'] })
    const lines: string[] = []
    for (let index = 0; index < count; index++) {
      const one = recorded[index / (count / alive)]
      // Numbers that somebody else has by now are the rule in a long journal.
      lines.push(one ? `p ${one.pid} ${one.startTime}` : `p ${(index % 32_000) + 2} 1`)
    }
    appendFileSync(journal, `${lines.join('\n')}\np ${stranger.pid} ${stranger.startTime}`)

    if (by === 'sweep') {
      await killBoth(stage, owner, 'guardian')
      assert.ok(recorded.every(isRunning), 'nobody has ended them yet')
    } else {
      owner.kill('SIGKILL')
    }
    const { at } = await owner.ended
    if (by === 'sweep') await sweepIn(stage)
    const limitMs = 4000
    await until(() => !recorded.some(isRunning), 'all recorded to be ended', limitMs)
    const tookMs = performance.now() - at
    assert.ok(isRunning(stranger), 'a torn line was honoured')
    children.at(-1)?.kill('SIGKILL')
    await until(() => !isRunning(stranger), 'the end of our own')
    await stage.gone({ allMs: limitMs })
    return tookMs
  })
}
