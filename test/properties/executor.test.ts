/** Random lives of executors: whatever is submitted, cancelled, killed and shut down, every future settles once and the counts add up. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { WorkerDiedError, type Future, type ShutdownOptions } from 'tidypool'
import { kinds, tasksUrl, type KindUnderTest, type Tasks } from '../contract/executors.ts'
import { until } from '../helpers/until.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-'))
after(() => rmSync(folder, { recursive: true }))

type Step =
  | {
      readonly do: 'submit'
      readonly what: string
      readonly count: number
      readonly retries: number
      readonly priority: number
    }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'kill' | 'await' }
  | { readonly do: 'turn'; readonly turns: number }

const what = fc.constantFrom(
  'quick',
  'quick',
  'quick',
  'later',
  'later',
  'polite',
  'throw',
  'loop',
  'exit',
  'uncloneable',
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      what,
      count: fc.constantFrom(1, 1, 3, 30),
      retries: fc.constantFrom(0, 0, 1),
      priority: fc.constantFrom(0, 0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('await' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('turn' as const), turns: fc.nat({ max: 30 }) }),
  },
)
const options = fc.record({
  maxWorkers: fc.constantFrom(1, 2),
  tasksPerWorker: fc.constantFrom(1, 1, 3),
  maxTasksPerWorker: fc.constantFrom(Infinity, Infinity, 20),
  graceMs: fc.constantFrom(0, 20),
  timeoutGraceMs: fc.constantFrom(undefined, 0),
  idleTimeoutMs: fc.constantFrom(0, 5, 60_000),
})
const endings: fc.Arbitrary<readonly ShutdownOptions[]> = fc.constantFrom(
  [{}],
  [{ cancelPending: true }],
  [{ wait: false, cancelPending: true }],
  [{}, { cancelPending: true }, { wait: false, cancelPending: true, graceMs: 0 }],
)

/** What may become of a task, besides cancellation. A worker's death takes tasks beside it along. */
const fates: Readonly<Record<string, RegExp>> = {
  quick: /^(ok|ERR_WORKER_DIED)$/,
  later: /^(ok|ERR_WORKER_DIED)$/,
  polite: /^(ok|ERR_TASK_TIMEOUT|ERR_WORKER_DIED)$/,
  throw: /^(thrown|ERR_WORKER_DIED)$/,
  loop: /^(ERR_TASK_TIMEOUT|ERR_WORKER_DIED)$/,
  exit: /^ERR_WORKER_DIED$/,
  uncloneable: /^ERR_TASK_CLONE$/,
}

/** The others take their time, or a worker each. */
const isQuick = (what: string): boolean => /^(quick|later|throw)$/.test(what)

let life = 0

async function live(
  kind: KindUnderTest,
  steps: readonly Step[],
  how: object,
  ending: readonly ShutdownOptions[],
): Promise<void> {
  life += 1
  const file = path.join(folder, `${life}`)
  const executor = kind.create<Tasks>(tasksUrl, how)
  const submitted: {
    readonly what: string
    readonly future: Future<unknown>
    readonly retries: number
    readonly mark: string
    readonly outcomes: string[]
  }[] = []
  const submit = (what: string, retries: number, priority: number): void => {
    const mark = `${submitted.length}`
    // What is killed beside others has a limit, so that every life ends.
    const runner = executor.with({
      retries,
      priority,
      timeoutMs: what === 'loop' || what === 'polite' ? 60 : 20_000,
    })
    const future = runner.submit(
      'anything',
      what === 'uncloneable' ? ((() => 1) as never) : what,
      file,
      mark,
    )
    const outcomes: string[] = []
    void future.then(
      () => outcomes.push('ok'),
      (error: unknown) => outcomes.push(codeOf(error)),
    )
    submitted.push({ what, future, retries, mark, outcomes })
  }
  for (const one of steps) {
    if (one.do === 'submit')
      for (let n = 0; n < (isQuick(one.what) ? one.count : 1); n += 1)
        submit(one.what, one.retries, one.priority)
    else if (one.do === 'cancel' && submitted.length > 0)
      submitted[one.which % submitted.length]?.future.cancel()
    else if (one.do === 'kill')
      for (const { pid } of executor.workers().slice(0, 1))
        if (kind.hasProcesses && pid !== undefined) process.kill(pid, 'SIGKILL')
    if (one.do === 'turn')
      for (let n = 0; n < one.turns; n += 1) await new Promise((resolve) => setImmediate(resolve))
    else if (one.do === 'await') await submitted.at(-1)?.future.catch(() => {})
  }
  const alive = setInterval(() => {}, 1000)
  const reports = await Promise.all(ending.map((options) => executor.shutdown(options)))
  clearInterval(alive)
  assert.equal(executor.state, 'closed')
  assert.throws(() => executor.submit('echo', 1), { code: 'ERR_EXECUTOR_CLOSED' })
  await until(
    () => submitted.every(({ outcomes }) => outcomes.length > 0),
    'every future to settle',
  )

  const counts = { finished: 0, failed: 0, cancelled: 0 }
  const begun = readLines(file)
  for (const { what, future, retries, mark, outcomes } of submitted) {
    assert.equal(outcomes.length, 1, 'it settles once')
    const [outcome = ''] = outcomes
    if (future.state === 'cancelled') {
      counts.cancelled += 1
      assert.equal(outcome, 'ERR_TASK_CANCELLED')
    } else {
      assert.match(outcome, fates[what] ?? /never/, what)
      assert.equal(future.state, outcome === 'ok' ? 'fulfilled' : 'rejected')
      if (outcome === 'ok') counts.finished += 1
      else counts.failed += 1
    }
    const runs = begun.filter((line) => line === mark).length
    // After failures, after crashes, and alone.
    const most = retries === 0 ? 1 : 1 + retries + retries + 1
    assert.ok(runs <= most, `${what} ${mark} ran ${runs} times`)
    if (outcome === 'ok') assert.ok(runs >= 1)
  }
  const { finished, failed, cancelled, queued, running, workers } = executor.stats()
  assert.deepEqual(
    { finished, failed, cancelled, queued, running, workers },
    { ...counts, queued: 0, running: 0, workers: 0 },
  )
  const { failedBy, workersStarted, workersEnded, resources, waitMs, runMs } = executor.stats()
  assert.equal(sumOf(failedBy), failed, 'each failure has one cause')
  assert.equal(sumOf(workersEnded), workersStarted, 'each worker has ended in one way')
  assert.equal(sumOf(resources.held), 0)
  assert.equal(runMs.count, waitMs.count)
  assert.ok(runMs.count >= finished && runMs.count <= finished + failed)
  const { killed: _, ...tasks } = reports[0]?.tasks ?? { killed: 0 }
  assert.deepEqual(tasks, counts)
  for (const report of reports) assert.equal(report, reports[0])
}

function sumOf(counts: object): number {
  return Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0)
}

function codeOf(error: unknown): string {
  if (error instanceof WorkerDiedError)
    assert.equal(error.ran, true, 'what had not begun runs elsewhere')
  return error instanceof Error && 'code' in error ? String(error.code) : 'thrown'
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return [] // nothing was begun
  }
}

for (const kind of kinds.filter(({ isParallel }) => isParallel)) {
  test(
    `${kind.kind}: whatever happens, every future settles once and the counts add up`,
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 15 }),
          options,
          endings,
          (steps, how, ending) => live(kind, steps, how, ending),
        ),
        {
          numRuns: kind.kind === 'thread' ? 25 : 15,
          endOnFailure: true,
          interruptAfterTimeLimit: 8000,
        },
      )
    },
  )
}
