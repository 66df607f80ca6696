import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { rangeSource } from '../../src/batch/range.ts'
import { EVERYTHING } from '../../src/batch/selection.ts'
import { parseTaskRef } from '../../src/batch/task-ref.ts'
import { tempFolder } from './temp-folder.ts'

// Built, because workers are started from files beside these.
const built = async (file: string): Promise<unknown> =>
  import(new URL(`../../dist/batch/${file}.js`, import.meta.url).href)
const { executorRunner } = (await built(
  'executor-runner',
)) as typeof import('../../src/batch/executor-runner.ts')
const { Batch } = (await built('run-batch')) as typeof import('../../src/batch/run-batch.ts')

for (const kind of ['process', 'thread'] as const) {
  for (const [how, code] of [
    ['waits', 'await new Promise(() => setInterval(() => {}, 1000))'],
    ['loops', 'for (;;);'],
  ] as const) {
    test(`${kind}: a module that ${how} while it loads is given up after the load limit`, async (t) => {
      const folder = tempFolder(t)
      writeFileSync(path.join(folder, 'never.mjs'), `${code}\nexport default () => 1`)
      const task = parseTaskRef('never.mjs', folder)
      const runner = executorRunner({
        task,
        kind,
        jobs: 1,
        timeoutMs: 100,
        loadLimitMs: 300,
        deadlineMs: undefined,
        killAfterMs: 0,
        retries: 0,
        stuck: undefined,
      })
      const batch = new Batch(
        {
          task: { of: 'module', name: task.module, exportName: undefined, hash: task.hash },
          source: rangeSource({ from: 1, to: 2 }),
          selection: EVERYTHING,
          params: {},
          keepOrder: false,
          deadlineMs: undefined,
          halt: undefined,
          out: undefined,
        },
        runner,
        { write: () => assert.fail('nothing has run') },
      )
      await assert.rejects(batch.run(), {
        code: 'ERR_OPTION',
        value: 'never.mjs',
        message: /finishes loading; this one has not in 0\.3 s/,
      })
    })
  }
}
