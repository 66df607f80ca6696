/** What must and must not compile. Checked by the compiler (`npm run check -- types`), never run. */
import { expectTypeOf } from 'expect-type'
import {
  accounting,
  asCompleted,
  InlineExecutor,
  ProcessExecutor,
  ThreadExecutor,
  type Completed,
  type Executor,
  type Future,
  type ResourceAccount,
  type ResourceKind,
  type SettledRecord,
  type TaskRunner,
  type TimeStats,
} from 'tidypool'

interface Tasks {
  score(sample: { id: string }, weight?: number): Promise<{ points: number }>
  double(value: number): number
  ping(): void
  readonly version: string
}

declare const url: URL
const pool = new ProcessExecutor<Tasks>(url, { maxWorkers: 2 })

expectTypeOf(pool).toExtend<Executor<Tasks>>()
expectTypeOf(new ThreadExecutor<Tasks>(url)).toExtend<TaskRunner<Tasks>>()
expectTypeOf(new InlineExecutor<Tasks>(url)).toExtend<TaskRunner<Tasks>>()

// Names, arguments and results come from the module.
expectTypeOf(pool.submit('double', 2)).toEqualTypeOf<Future<number>>()
expectTypeOf(pool.submit('score', { id: 'a' })).toEqualTypeOf<Future<{ points: number }>>()
expectTypeOf(pool.submit('score', { id: 'a' }, 2)).toEqualTypeOf<Future<{ points: number }>>()
expectTypeOf(pool.submit('ping')).toEqualTypeOf<Future<void>>()

// @ts-expect-error there is no such export
void pool.submit('triple', 2)
// @ts-expect-error it is no function
void pool.submit('version')
// @ts-expect-error the argument is of another type
void pool.submit('double', '2')
// @ts-expect-error the argument is missing
void pool.submit('double')
// @ts-expect-error one argument too many
void pool.submit('double', 2, 3)

// A map passes one argument.
expectTypeOf(pool.map('double', [1, 2])).toEqualTypeOf<AsyncIterableIterator<number>>()
expectTypeOf(pool.mapSettled('double', new Set([1]))).toEqualTypeOf<
  AsyncIterableIterator<SettledRecord<number, number>>
>()
// @ts-expect-error the inputs are of another type
pool.map('double', ['1'])
// @ts-expect-error there is no such export
pool.map('triple', [1])

// Views know the same, and another module's view knows that module.
expectTypeOf(pool.with({ timeoutMs: 1 }).submit('double', 2)).toEqualTypeOf<Future<number>>()
const images = pool.module<{ resize(path: string): Promise<Buffer> }>(url)
expectTypeOf(images.submit('resize', 'a.png')).toEqualTypeOf<Future<Buffer>>()
// @ts-expect-error that is a task of the first module
void images.submit('double', 2)

// Options.
// @ts-expect-error no such option
void new ProcessExecutor<Tasks>(url, { workers: 2 })
// @ts-expect-error an option of processes
void new ThreadExecutor<Tasks>(url, { onEscape: 'kill' })
// @ts-expect-error a duration is a number of milliseconds
pool.with({ timeoutMs: '10s' })

// A module without a type takes any name and arguments, and promises nothing about results.
const untyped = new ProcessExecutor(url)
expectTypeOf(untyped.submit('anything', 1, 'two')).toEqualTypeOf<Future<unknown>>()

// Futures are promises; `then` returns a plain one.
const future = pool.submit('double', 2)
expectTypeOf(future).toExtend<Promise<number>>()
expectTypeOf(future.then(String)).toEqualTypeOf<Promise<string>>()
expectTypeOf(asCompleted([future])).toEqualTypeOf<AsyncIterableIterator<Completed<number>>>()

// What is counted is there for every kind; what only processes can tell may be missing.
const stats = pool.stats()
expectTypeOf(stats.failedBy.timeout).toEqualTypeOf<number>()
expectTypeOf(stats.workersByState.stuck).toEqualTypeOf<number>()
expectTypeOf(stats.runMs).toEqualTypeOf<TimeStats>()
expectTypeOf(stats.cpuSeconds).toEqualTypeOf<number | undefined>()
expectTypeOf(accounting().objects).toEqualTypeOf<Readonly<Record<ResourceKind, ResourceAccount>>>()
expectTypeOf(accounting().tracking.percent).toEqualTypeOf<number | undefined>()
// @ts-expect-error there is no such cause
void stats.failedBy.bug
