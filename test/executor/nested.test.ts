/** Executors inside tasks: no deadlock, and never more workers than the budget of the whole tree. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  ProcessExecutor,
  ThreadExecutor,
  type Executor,
  type ProcessExecutorOptions,
} from 'tidypool'
import { commandLineOf, lookAtProcesses } from '../helpers/processes.ts'
import { runProgram } from '../helpers/run-program.ts'
import { until } from '../helpers/until.ts'

type Tasks = typeof import('./nested-tasks.mjs')
type Kind = import('./nested-tasks.mjs').Kind
type Witnessed = import('./nested-tasks.mjs').Witnessed

const tasks = new URL('./nested-tasks.mjs', import.meta.url)
const program = new URL('programs/nests.mjs', import.meta.url)

/** A budget for the executors that this test makes. */
function setBudget(t: TestContext, workers: number): void {
  const before = process.env['TIDYPOOL_BUDGET_WORKERS']
  process.env['TIDYPOOL_BUDGET_WORKERS'] = String(workers)
  t.after(() => {
    if (before === undefined) delete process.env['TIDYPOOL_BUDGET_WORKERS']
    else process.env['TIDYPOOL_BUDGET_WORKERS'] = before
  })
}

function pool(kind: Kind, options: ProcessExecutorOptions = {}): Executor<Tasks> {
  return kind === 'thread'
    ? new ThreadExecutor<Tasks>(tasks, options)
    : new ProcessExecutor<Tasks>(tasks, options)
}

for (const outer of ['thread', 'process'] as const) {
  for (const inner of ['thread', 'process'] as const) {
    test(`${inner} in ${outer}: with nothing left, tasks run where they are`, async (t) => {
      setBudget(t, 2)
      await using executor = pool(outer, { maxWorkers: 2 })
      const both = [executor.submit('nest', [inner], 6), executor.submit('nest', [inner], 6)]
      for (const { leaves, most } of await Promise.all(both)) {
        assert.equal(leaves, 6)
        assert.ok(most <= 2, `${most} workers of 2`)
      }
    })

    test(`${inner} in ${outer}: what is left is used`, async (t) => {
      setBudget(t, 4)
      await using executor = pool(outer, { maxWorkers: 1 })
      const { leaves, most, kinds } = await executor.submit('nest', [inner], 40)
      assert.equal(leaves, 40)
      assert.ok(most > 1 && most <= 4, `${most} workers of 4`)
      assert.ok(kinds.includes(inner), kinds.join())
    })
  }

  test(`three deep in ${outer}: every worker waits for one inside it, and all end`, async (t) => {
    setBudget(t, 5)
    await using executor = pool(outer, { maxWorkers: 2 })
    const paths: Kind[][] = [
      ['thread', 'process'],
      ['process', 'thread'],
    ]
    const found = await Promise.all(paths.map((path) => executor.submit('nest', path, 5)))
    for (const { leaves, most } of found) {
      assert.equal(leaves, 25)
      assert.ok(most <= 5, `${most} workers of 5`)
    }
  })
}

test('a tethered program that a task starts takes its workers from the same budget', async (t) => {
  setBudget(t, 2)
  await using executor = pool('process', { maxWorkers: 2 })
  const both = [1, 2].map(() => executor.submit('nestInProgram', ['process', 'thread'], 4))
  for (const { leaves, most } of await Promise.all(both)) {
    assert.equal(leaves, 16)
    assert.ok(most === 2, `${most} workers of 2`)
  }
})

for (const kind of ['thread', 'process'] as const) {
  test(`16 x 16 x 16 tasks (${kind}): live workers, looked at from outside, are never more than the budget`, async () => {
    const plan = {
      path: [kind, kind, kind],
      width: 16,
      maxWorkers: kind === 'thread' ? 2 : undefined,
    }
    const child = spawn(process.execPath, [fileURLToPath(program), JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: undefined, TIDYPOOL_BUDGET_WORKERS: '3' },
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const closed = new AbortController()
    child.once('close', () => closed.abort())
    let most = 0
    while (!closed.signal.aborted) {
      most = Math.max(most, workersBelow(child.pid ?? 0))
      await delay(2)
    }
    const witnessed = JSON.parse(text) as Witnessed
    assert.equal(witnessed.leaves, 16 ** 3)
    // The outermost has as many as it was told, or there are processors; both count.
    const budget = Math.max(3, witnessed.seen.length)
    assert.ok(witnessed.most <= budget, `${witnessed.most} permits of ${budget}`)
    assert.ok(most <= budget, `${most} workers of ${budget}`)
    assert.ok(kind === 'thread' || most > 0, 'workers were seen')
  })
}

test('in the place of a thread arguments and results are copied, and it says so', async (t) => {
  setBudget(t, 1)
  await using executor = pool('process', { maxWorkers: 1 })
  const { mine, back, worker, failed } = await executor.submit('argumentsAreCopied')
  assert.deepEqual([mine, back], [{ count: 0 }, { count: 1 }])
  assert.deepEqual([worker?.kind, worker?.pid], ['inline', undefined])
  assert.equal(failed, 'ERR_TASK_CLONE')
})

test('what a killed worker had taken comes back', async (t) => {
  setBudget(t, 4)
  await using executor = pool('process', { maxWorkers: 1 })
  const held = executor.submit('hold', 3)
  const worker = await until(() => executor.workers().find(({ pid }) => pid), 'a worker')
  await until(() => workersBelow(worker.pid ?? 0) === 3, 'its three workers')
  process.kill(worker.pid ?? 0, 'SIGKILL')
  await assert.rejects(held, { code: 'ERR_WORKER_DIED' })
  await until(
    async () => (await executor.submit('nest', ['process'], 12)).most > 1,
    'a permit to be had again',
  )
})

test('a budget that cannot be trusted is none', async () => {
  for (const budget of ['', 'x', '2:1:relative', '0:1:/tmp', '2:1:/tmp', '2:1:/nowhere/budget']) {
    const end = await runProgram(program, {
      args: [JSON.stringify({ path: ['thread'], width: 4, maxWorkers: 2 })],
      env: { TIDYPOOL_BUDGET: budget },
    })
    assert.equal(end.status, 0, end.stderr)
    const { leaves, kinds } = JSON.parse(end.stdout) as Witnessed
    assert.deepEqual([leaves, kinds], [4, ['thread']], JSON.stringify(budget))
  }
})

test('who takes the variable away has a budget of its own', async (t) => {
  setBudget(t, 1)
  const env = { TIDYPOOL_BUDGET: undefined }
  await using executor = pool('process', { maxWorkers: 1, env })
  const { kinds } = await executor.submit('nest', ['thread'], 4, 2)
  assert.deepEqual(kinds, ['thread'])
})

const names = ['OMP_NUM_THREADS', 'RAYON_NUM_THREADS', 'UV_THREADPOOL_SIZE', 'GOMAXPROCS']

test('workers and what they start are told their share of the processors, unless the user said something', async (t) => {
  setBudget(t, 1)
  const env = { OMP_NUM_THREADS: '7', RAYON_NUM_THREADS: undefined }
  for (const kind of ['thread', 'process'] as const) {
    await using executor = pool(kind, { maxWorkers: 1 })
    assert.deepEqual(await executor.submit('variables', names), ['1', '1', '2', '1'])
    await using other = pool(kind, { maxWorkers: 1, env })
    assert.deepEqual(await other.submit('variables', names), ['7', undefined, '2', '1'])
  }
})

/** Worker processes below a process. */
function workersBelow(pid: number): number {
  const running = lookAtProcesses((each) => {
    const stat = readFileSync(`/proc/${each}/stat`, 'latin1')
    const [state, parent] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    const isWorker = commandLineOf(each).includes('process-entry')
    return { pid: each, parent: Number(parent), isWorker }
  })
  const below = (of: number): typeof running =>
    running.filter(({ parent }) => parent === of).flatMap((child) => [child, ...below(child.pid)])
  return below(pid).filter(({ isWorker }) => isWorker).length
}

for (const kind of ['thread', 'process'] as const) {
  test(`${kind}: a task that is submitted when another one loses its worker is not left in line`, async (t) => {
    setBudget(t, 2)
    await using executor = pool('process', { maxWorkers: 1 })
    assert.deepEqual(await executor.submit('submitAtDeath', kind), [60, 1])
  })

  test(`${kind}: a start that is refused for want of something gives its permit back`, async (t) => {
    setBudget(t, 8)
    await using executor = pool('process', { maxWorkers: 1 })
    const { code, left } = await executor.submit('refusedStarts', kind)
    assert.equal(code, 'ERR_WORKER_START')
    assert.equal(left, 0)
  })
}

test('a start that is refused when the line moves harms nobody', async (t) => {
  setBudget(t, 2)
  await using executor = pool('process', { maxWorkers: 1 })
  assert.deepEqual(await executor.submit('refusedInLine'), [300, 1])
})
