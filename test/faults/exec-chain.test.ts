/**
 * F3: a chain of processes that fork and leave their session for ever. Who looks from outside always comes too late for it;
 * the kernel does not.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, levels, python, startExec } from './exec-command.ts'
import { Stage, promiseMs, until } from './observe.ts'

/** It ends by itself then, whoever fails. */
const limitS = 20

for (const level of levels) {
  const lack = lacks(level)
  for (const environment of ['kept', 'cleared'] as const) {
    const kind = `exec, ${level}, environment ${environment}`
    const skip = lack || needs('linux', 'python3')
    faultRow({ id: 'F3', kind, repeats: 10, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      t.after(() => writeFileSync(path.join(stage.folder, 'stop'), ''))
      const clear = environment === 'cleared' ? ['clear'] : []
      const exec = await startExec(
        stage,
        ['--kill-after', '200ms'],
        python('chain.py', stage.folder, String(limitS), ...clear),
        { stdin: 'pipe', ready: true, env: { TIDYPOOL_CONTAINMENT: level } },
      )
      const since = performance.now()
      exec.go()
      const end = await exec.ended
      const tookMs = end.at - since
      const isOver = await stands(stage.folder)
      assert.deepEqual([end.exitCode, end.signal], [0, null], `X: ${exec.told}`)
      t.diagnostic(
        `${kind}: exec ended after ${Math.round(tookMs)} ms, the chain ${isOver ? 'is gone' : 'goes on'}`,
      )
      if (level !== 'tree') {
        assert.ok(isOver, 'the chain is gone')
        assert.ok(tookMs <= promiseMs, `after ${Math.round(tookMs)} ms, limit ${promiseMs} ms`)
      }
      writeFileSync(path.join(stage.folder, 'stop'), '')
      await until(() => stands(stage.folder), 'the end of the chain')
      await stage.gone()
      return tookMs
    })
  }
}

/** Whether no link is added any more: each lives about a millisecond. */
async function stands(folder: string): Promise<boolean> {
  const links = (): string => readFileSync(path.join(folder, 'link'), 'utf8')
  const before = links()
  const startedAt = performance.now()
  await until(() => links() !== before || performance.now() - startedAt > 500, 'the next link')
  return links() === before
}
