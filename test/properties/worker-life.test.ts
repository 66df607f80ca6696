/**
 * Lives of workers in any order: start, ready, busy, die, replace, resize, shutdown, with failures in between. No future is
 * lost, no replacement escapes a shutdown, workers are never more than the limit, a task runs no more often than its budgets
 * allow, and one in quarantine runs alone. The workers are scripted and the clock is ours; everything else is real.
 *
 * TIDYPOOL_PROPERTY_RUNS: how many lives. Default: 1000.
 */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { WorkerDiedError } from '../../src/errors.ts'
import type { ExecutorOptions } from '../../src/executor/options.ts'
import type { CallOptions } from '../../src/executor/executor.ts'
import type { Future } from '../../src/executor/future.ts'
import type { ShutdownOptions } from '../../src/lifetime/life.ts'
import { scriptClock, type ScriptedClock } from './scripted-clock.ts'
import {
  ScriptedExecutor,
  ScriptedWorkers,
  type ScriptedWorker,
  type Witness,
} from './scripted-workers.ts'

const RUNS = Number(process.env['TIDYPOOL_PROPERTY_RUNS'] ?? 1000)

type RetryIf = 'absent' | 'yes' | 'no' | 'throws' | 'cancels'

interface Submission {
  readonly retries: number
  readonly crashRetries: number
  readonly retryIf: RetryIf
  readonly isTimed: boolean
  readonly isCloneable: boolean
  readonly priority: number
}

type Step =
  | { readonly do: 'submit'; readonly call: Submission; readonly count: number }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'ready' | 'unready' | 'begin' | 'end' | 'crash'; readonly worker: number }
  | { readonly do: 'answer'; readonly worker: number; readonly which: number; readonly ok: boolean }
  | { readonly do: 'refuse starts'; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'resize'; readonly to: number }
  | { readonly do: 'shutdown'; readonly how: ShutdownOptions }

const index = fc.nat({ max: 5 })
const submission: fc.Arbitrary<Submission> = fc.record({
  retries: fc.constantFrom(0, 0, 1, 2),
  crashRetries: fc.constantFrom(0, 1, 1, 1, 2, Infinity),
  retryIf: fc.constantFrom<RetryIf[]>(
    'absent',
    'absent',
    'absent',
    'absent',
    'absent',
    'absent',
    'yes',
    'no',
    'throws',
    'cancels',
  ),
  isTimed: fc.constantFrom(false, false, false, true),
  isCloneable: fc.constantFrom(true, true, true, true, true, true, false),
  priority: fc.constantFrom(0, 0, 0, 1),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      call: submission,
      count: fc.constantFrom(1, 1, 2, 6),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat({ max: 20 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ready' as const), worker: index }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('begin' as const), worker: index }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      worker: index,
      which: index,
      ok: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), worker: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unready' as const), worker: index }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('crash' as const), worker: index }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refuse starts' as const),
      count: fc.constantFrom(1, 2, 10),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 20, 400, 5000, 70_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('resize' as const),
      to: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('shutdown' as const),
      how: fc.constantFrom<ShutdownOptions[]>(
        {},
        { cancelPending: true },
        { wait: false },
        { wait: false, cancelPending: true },
        { wait: false, cancelPending: true, graceMs: 0 },
      ),
    }),
  },
)
const limits: fc.Arbitrary<ExecutorOptions> = fc.record({
  maxWorkers: fc.constantFrom(1, 2, 3),
  minWorkers: fc.constantFrom(0, 0, 1),
  tasksPerWorker: fc.constantFrom(1, 1, 3),
  maxTasksPerWorker: fc.constantFrom(Infinity, Infinity, 2),
  graceMs: fc.constantFrom(0, 20),
  timeoutGraceMs: fc.constantFrom(undefined, 0),
  idleTimeoutMs: fc.constantFrom(0, 50, 60_000),
})

/** What is known of a call, from the caller's side and from inside the workers. */
interface Known {
  readonly call: Submission
  readonly future: Future<unknown>
  begun: number
  /** Times that a worker died, or was killed, while it ran it. */
  deaths: number
  isQuarantined: boolean
  settled: number
}

class Life implements Witness {
  readonly known: Known[] = []
  readonly workers = new ScriptedWorkers(this)
  readonly executor: ScriptedExecutor
  readonly violations: string[] = []
  readonly shutdowns: Promise<unknown>[] = []
  #max: number
  #isClosed = false

  constructor(options: ExecutorOptions) {
    this.#max = options.maxWorkers ?? 1
    this.executor = new ScriptedExecutor(options, this.workers)
  }

  #must(isSo: boolean, what: string): void {
    if (!isSo) this.violations.push(what)
  }

  /** By the number of its future, from 1. */
  #of(id: unknown): Known | undefined {
    return this.known[Number(id) - 1]
  }

  // ---- seen from inside ----

  started(): void {
    const alive = this.workers.alive.length
    this.#must(alive <= this.#max, `${alive} workers, where ${this.#max} are allowed`)
    this.#must(!this.#isClosed, 'a worker was started after the shutdown')
  }

  given(worker: ScriptedWorker, call: Parameters<Witness['given']>[1]): void {
    const id = call.args[0]
    const task = this.known[Number(id)]
    if (task?.call.isCloneable === false) throw new DOMException('no clone', 'DataCloneError')
    const isAlone = task?.isQuarantined === true
    if (isAlone)
      this.#must(call.seq === 1, `quarantined ${String(id)} on a worker that is not fresh`)
    for (const other of this.workers.alive) {
      for (const { args } of other.running) {
        const [beside] = args
        const isOther = beside !== id // an attempt of it that is out of time is the same task
        if (isAlone && isOther)
          this.#must(false, `${String(beside)} runs beside quarantined ${String(id)}`)
        if (this.known[Number(beside)]?.isQuarantined === true)
          this.#must(
            false,
            `${String(id)} given while quarantined ${String(beside)} runs on ${other.id}, ${worker.id}`,
          )
      }
    }
  }

  begun(_worker: unknown, call: Parameters<Witness['begun']>[1]): void {
    const task = this.known[Number(call.args[0])]
    if (task) task.begun += 1
  }

  ended(worker: ScriptedWorker): void {
    for (const { args } of worker.running) {
      const [id] = args
      const task = this.known[Number(id)]
      if (task) task.deaths += 1
    }
  }

  readonly note = (message: unknown): void => {
    const { event, id } = message as { event: string; id: number }
    const task = this.#of(id)
    if (event === 'quarantine' && task) {
      this.#must(!task.isQuarantined, 'quarantined twice')
      task.isQuarantined = true
    }
  }

  // ---- done ----

  submit(call: Submission): void {
    const number = this.known.length
    const options: CallOptions = {
      retries: call.retries,
      crashRetries: call.crashRetries,
      priority: call.priority,
      // The clock of limits is the machine's, which the script does not hold: over as soon as it is looked at.
      ...(call.isTimed ? { timeoutMs: 0.001 } : {}),
      ...(call.retryIf === 'absent' ? {} : { retryIf: () => this.#isRetried(number) }),
    }
    let future: Future<unknown>
    try {
      future = this.executor.with(options).submit('task', number)
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'ERR_EXECUTOR_CLOSED')
      assert.ok(this.shutdowns.length > 0)
      return
    }
    const known: Known = { call, future, begun: 0, deaths: 0, isQuarantined: false, settled: 0 }
    this.known.push(known)
    void future.then(
      () => (known.settled += 1),
      () => (known.settled += 1),
    )
  }

  #isRetried(number: number): boolean {
    const known = this.known[number]
    if (known?.call.retryIf === 'throws') throw new RangeError('no idea')
    if (known?.call.retryIf === 'cancels') known.future.cancel()
    return known?.call.retryIf !== 'no'
  }

  async step(clock: ScriptedClock, one: Step): Promise<void> {
    const { alive } = this.workers
    const worker = 'worker' in one ? alive[one.worker % Math.max(1, alive.length)] : undefined
    if (one.do === 'submit') for (let n = 0; n < one.count; n += 1) this.submit(one.call)
    else if (one.do === 'cancel')
      this.known[one.which % Math.max(1, this.known.length)]?.future.cancel()
    else if (one.do === 'ready') worker?.ready()
    else if (one.do === 'unready') worker?.refuse()
    else if (one.do === 'begin') worker?.begin()
    else if (one.do === 'answer') worker?.answer(one.which, one.ok ? 'ok' : 'thrown')
    else if (one.do === 'end') worker?.end()
    else if (one.do === 'crash') {
      // Of single steps it takes too many for tasks to come to the end of their budgets.
      worker?.ready()
      await turn()
      const isBusy = ({ waiting, running }: ScriptedWorker): boolean =>
        waiting.length + running.length > 0
      const busy = alive.find(isBusy) ?? worker
      busy?.begin()
      await turn()
      busy?.end()
      clock.pass(1000)
    } else if (one.do === 'refuse starts') this.workers.refusals = one.count
    else if (one.do === 'wait') clock.pass(one.ms)
    else if (one.do === 'resize') {
      this.#max = one.to
      this.executor.resize(one.to)
    } else if (one.do === 'shutdown') this.shutdown(one.how)
    await turn()
    this.check()
  }

  shutdown(how: ShutdownOptions): void {
    this.shutdowns.push(this.executor.shutdown(how).then(() => (this.#isClosed = true)))
  }

  check(): void {
    const { workers, queued, running, idle } = this.executor.stats()
    assert.equal(workers, this.workers.alive.length)
    assert.ok(queued >= 0 && running >= 0 && idle >= 0 && idle <= workers)
    const open = this.known.filter(({ settled }) => settled === 0).length
    assert.ok(queued + running >= open, `${queued} + ${running} of ${open}`)
    for (const task of this.known) checkRuns(task)
    assert.deepEqual(this.violations, [])
  }

  #describe(): string {
    const { alive } = this.workers
    const workers = alive.map(
      ({ id, state, asked, waiting, running }) =>
        `worker ${id} ${state}, asked for ${asked}, ${waiting.length} waiting, ${running.length} running`,
    )
    return [JSON.stringify(this.executor.stats()), ...workers].join('; ')
  }

  /** From here on all goes well: everything must come to its end. */
  async end(clock: ScriptedClock): Promise<void> {
    this.workers.refusals = 0
    this.shutdown({})
    for (let round = 0; !this.#isClosed && round < 2000; round += 1) {
      for (const worker of this.workers.alive) {
        worker.ready()
        worker.begin()
        worker.answer(0, 'ok')
        if (worker.asked !== 'nothing') worker.end()
      }
      clock.pass(200)
      await turn()
      this.check()
    }
    assert.ok(this.#isClosed, `the shutdown never ends: ${this.#describe()}`)
    await Promise.all(this.shutdowns)
    clock.pass(100_000)
    await turn()
    clock.pass(100_000)
    await turn()
    this.check()
    assert.deepEqual(this.workers.alive, [])
    assert.ok(this.workers.isReleased)
    const { finished, failed, cancelled, queued, running } = this.executor.stats()
    const states = this.known.map(({ future }) => future.state)
    const count = (state: string): number => states.filter((one) => one === state).length
    assert.deepEqual(
      { finished, failed, cancelled, queued, running },
      {
        finished: count('fulfilled'),
        failed: count('rejected'),
        cancelled: count('cancelled'),
        queued: 0,
        running: 0,
      },
    )
    for (const task of this.known) {
      assert.equal(task.settled, 1, 'a future was lost')
      await checkOutcome(task)
    }
  }
}

/** Whatever happens, it was not run more often than the caller allowed. */
function checkRuns({ call, begun, deaths, isQuarantined }: Known): void {
  const { retries, crashRetries, retryIf } = call
  const isRetried = retryIf !== 'no' && retryIf !== 'throws' && retryIf !== 'cancels'
  const crashes = crashRetries + (crashRetries > 0 ? 1 : 0)
  const most = isRetried ? 1 + retries + crashes : 1
  assert.ok(
    begun <= most,
    `begun ${begun} times with ${retries} retries and ${crashRetries} after crashes`,
  )
  // One that is out of time is counted as that, though its worker is killed for it.
  if (!call.isTimed && isRetried) assert.ok(deaths <= crashes + 1, `${deaths} deaths`)
  if (isQuarantined) assert.ok(crashRetries > 0 && isRetried)
}

async function checkOutcome({ call, future, isQuarantined }: Known): Promise<void> {
  const error: unknown = await future.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof WorkerDiedError)) return
  assert.ok(error.ran)
  assert.ok(error.deaths >= 1)
  if (error.quarantined) {
    assert.ok(isQuarantined)
    assert.equal(error.deaths, call.crashRetries + 2)
  } else if (call.retryIf === 'absent') assert.ok(error.deaths <= call.crashRetries + 1)
}

/** Everything that is due without time passing. */
async function turn(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function live(
  t: TestContext,
  options: ExecutorOptions,
  steps: readonly Step[],
): Promise<void> {
  const clock = scriptClock(t)
  const life = new Life(options)
  subscribe('tidypool:task', life.note)
  try {
    for (const one of steps) await life.step(clock, one)
    await life.end(clock)
  } finally {
    unsubscribe('tidypool:task', life.note)
    clock.restore()
  }
}

const plain: Submission = {
  retries: 0,
  crashRetries: 0,
  retryIf: 'absent',
  isTimed: false,
  isCloneable: true,
  priority: 0,
}
const usual: ExecutorOptions = { maxWorkers: 2, minWorkers: 0, tasksPerWorker: 1, graceMs: 0 }

/** Lives that went wrong once. */
const found: [ExecutorOptions, Step[]][] = [
  // What was taken back from a silent worker was given to it again, for ever.
  [
    { ...usual, idleTimeoutMs: 0 },
    [
      { do: 'submit', call: plain, count: 6 },
      { do: 'ready', worker: 0 },
    ],
  ],
  [
    { ...usual, maxWorkers: 3, idleTimeoutMs: 0 },
    [
      { do: 'submit', call: plain, count: 6 },
      { do: 'end', worker: 0 },
      { do: 'cancel', which: 0 },
    ],
  ],
  // Both starts were given up where one was too many.
  [
    { ...usual, idleTimeoutMs: 0 },
    [
      { do: 'refuse starts', count: 2 },
      { do: 'submit', call: plain, count: 2 },
      { do: 'resize', to: 1 },
    ],
  ],
]

test('workers start, die and are replaced in any order: nothing is lost, escapes or is too much', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      limits,
      fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
      (options, steps) => live(t, options, steps),
    ),
    { numRuns: RUNS, examples: found, includeErrorInReport: true },
  )
})
