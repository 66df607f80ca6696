import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { activeExecutors, audit, withTempDir } from 'tidypool'
import { namesBelow, until } from './conditions.ts'
import { runProgram } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** What this process has open. */
function baseLine() {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    exitListeners: process.listenerCount('exit'),
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
  }
}

test('a moment after the last release the process is as it was before the first', async () => {
  const before = baseLine()
  await withTempDir(() => {
    assert.equal(audit().scope?.holds, 1)
    assert.equal(process.listenerCount('exit'), before.exitListeners + 1)
  })
  await until(() => audit().scope === undefined, 'the scope to be ended')
  await until(() => baseLine().children === before.children, 'the guardian to be reaped')
  await until(() => baseLine().descriptors <= before.descriptors, 'the descriptors to be closed')
  assert.deepEqual(baseLine(), before)
})

test('holding again within a second keeps scope and guardian', async () => {
  const ids: (string | undefined)[] = []
  for (let index = 0; index < 3; index++) {
    await withTempDir(() => {
      ids.push(audit().scope?.id, String(audit().scope?.guardianPid))
    })
  }
  assert.equal(new Set(ids).size, 2)
})

test('a program that holds nothing at its end leaves nothing, without waiting for the linger', async (t) => {
  const tmp = tempFolder(t)
  const startedAt = performance.now()
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      'import { withTempDir } from "tidypool"; console.log(await withTempDir((dir) => dir))',
    ],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        TMPDIR: tmp,
        TIDYPOOL_STATE_DIR: undefined,
        XDG_RUNTIME_DIR: undefined,
      },
    },
  )
  assert.equal(status, 0)
  assert.ok(stdout.startsWith(tmp))
  assert.ok(performance.now() - startedAt < 900, 'it waited')
  assert.deepEqual(namesBelow(tmp), [])
})

test('a journal and a directory that were taken away are made again with the next guardian', async (t) => {
  const tmp = tempFolder(t)
  const state = path.join(tempFolder(t), 'state')
  const { stdout, stderr } = await runProgram('journal-lost.mjs', [], {
    TMPDIR: tmp,
    TIDYPOOL_STATE_DIR: state,
  })
  assert.deepEqual(JSON.parse(stdout), { journal: true, root: true }, stderr)
  await until(
    () => readdirSync(tmp).length === 0,
    'its directory to be removed by the new guardian',
  )
})

test('audit is plain data that says each level, and without a scope says so', async () => {
  await until(() => audit().scope === undefined, 'the scope of other tests to be ended')
  const report = audit()
  assert.deepEqual(JSON.parse(JSON.stringify(report)), JSON.parse(JSON.stringify({ ...report })))
  assert.deepEqual(Object.keys(report.levels).toSorted(), [
    'escaped',
    'guardian',
    'identity',
    'journal',
    'tether',
  ])
  for (const { inForce } of Object.values(report.levels)) assert.equal(typeof inForce, 'string')
  assert.deepEqual(activeExecutors({ process: true }), [])
})
