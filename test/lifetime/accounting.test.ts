import assert from 'node:assert/strict'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { accounting, type Accounting } from 'tidypool'
import { runProgram } from '../helpers/run-program.ts'
import { tempFolder } from './temp-folder.ts'

const program = new URL('programs/account.mjs', import.meta.url)

async function accountOf(
  t: TestContext,
  way: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Accounting> {
  const tmp = tempFolder(t)
  const { status, stdout, stderr } = await runProgram(program, {
    args: [way],
    env: { TMPDIR: tmp, TIDYPOOL_STATE_DIR: path.join(tmp, 'state'), ...env },
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

test('what was made is counted by kind, and when everything is over all of it has been released', async (t) => {
  const account = await accountOf(t, 'everything')
  const created = Object.fromEntries(
    Object.entries(account.objects).map(([kind, one]) => [kind, one.created]),
  )
  assert.deepEqual(created, {
    process: 2,
    thread: 1,
    temporaryDirectory: 2, // the scope's, and the one in it
    controlGroup: 0,
    unnamedFile: 3,
    guardian: 1,
    journal: 1,
    scope: 1,
  })
  for (const [kind, one] of Object.entries(account.objects)) {
    assert.equal(one.released, one.created, kind)
    assert.equal(one.held, 0, kind)
  }
  assert.deepEqual(account.total, { created: 11, released: 11, held: 0 })
  assert.equal(account.accumulated, 0)
  assert.equal(account.leakWarnings, 0)
  assert.deepEqual(account.tracking, { tracked: 5, of: 5, percent: 100 })
  assert.deepEqual(account.executors, { begun: 2, clean: 2, unclean: 0 })
  assert.deepEqual(account.scopes, { begun: 1, clean: 1, unclean: 0 })
})

test('a pipe that a descendant holds is a leak warning, and the descendant an unclean end', async (t) => {
  const account = await accountOf(t, 'heldPipe')
  assert.equal(account.leakWarnings, 1)
  assert.deepEqual(account.executors, { begun: 1, clean: 0, unclean: 1 })
  assert.equal(account.total.held, 0, 'what the executor itself made is released')
})

test('a shutdown that has to kill a worker is unclean', async (t) => {
  const account = await accountOf(t, 'resistingWorker')
  assert.deepEqual(account.executors, { begun: 1, clean: 0, unclean: 1 })
  assert.equal(account.leakWarnings, 0)
  assert.equal(account.objects.process.held, 0)
})

test('an executor that was not shut down is neither, and what it holds is held and has not accumulated', async (t) => {
  const account = await accountOf(t, 'openExecutor')
  assert.deepEqual(account.executors, { begun: 1, clean: 0, unclean: 0 })
  assert.equal(account.objects.process.held, 1)
  assert.equal(account.objects.unnamedFile.held, 3)
  assert.equal(account.accumulated, 0)
})

test('without a journal nothing is tracked', async (t) => {
  const nowhere = '/dev/null/nowhere'
  const account = await accountOf(t, 'oneWorker', {
    TMPDIR: nowhere,
    TIDYPOOL_STATE_DIR: nowhere,
    XDG_RUNTIME_DIR: undefined,
  })
  assert.equal(account.objects.process.created, 1)
  assert.equal(account.objects.journal.created, 0)
  assert.equal(account.tracking.tracked, 0)
  assert.equal(account.tracking.percent, 0)
  assert.deepEqual(account.executors, { begun: 1, clean: 1, unclean: 0 })
})

test('what a scope could not take back has accumulated, and its end is unclean', async (t) => {
  const account = await accountOf(t, 'lastingJournal')
  assert.deepEqual(account.scopes, { begun: 1, clean: 0, unclean: 1 })
  assert.equal(account.objects.journal.held, 1)
  assert.equal(account.accumulated, 1)
})

test('where there was nothing to track there is no percentage', async (t) => {
  const account = await accountOf(t, 'nothing')
  assert.deepEqual(account.tracking, { tracked: 0, of: 0 })
})

test('the account is a picture that does not change afterwards', () => {
  const before = accounting()
  const text = JSON.stringify(before)
  assert.notEqual(before, accounting())
  assert.equal(JSON.stringify(before), text)
})
