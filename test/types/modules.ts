/** Types from a module as programs have them: its own file, JavaScript with comments. Checked by the compiler, never run. */
import { expectTypeOf } from 'expect-type'
import {
  registerError,
  taskContext,
  type ThreadExecutor,
  type Future,
  type ShutdownReport,
  type TaskArguments,
  type TaskInput,
  type TaskName,
  type TaskResult,
  type WorkerDiedError,
} from 'tidypool'
import type * as Tasks from '../contract/tasks.mjs'

declare const pool: ThreadExecutor<typeof Tasks>

// The names are those of the functions, and no others.
expectTypeOf<'default'>().toExtend<TaskName<typeof Tasks>>()
expectTypeOf<'notAFunction'>().not.toExtend<TaskName<typeof Tasks>>()
expectTypeOf<TaskArguments<typeof Tasks, 'add'>>().toEqualTypeOf<[a: number, b: number]>()
expectTypeOf<TaskResult<typeof Tasks, 'twiceLater'>>().toEqualTypeOf<number>()
expectTypeOf<TaskInput<typeof Tasks, 'add'>>().toEqualTypeOf<number>()

expectTypeOf(pool.submit('default', 'text')).toEqualTypeOf<Future<string>>()
expectTypeOf(pool.submit('sleep', 1)).resolves.toEqualTypeOf<number>()
// Rest arguments and optional ones.
void pool.submit('countOf')
void pool.submit('countOf', 1, 'two', null)
void pool.submit('context')
void pool.submit('context', 'file')
// @ts-expect-error a file is a text
void pool.submit('context', 7)
// @ts-expect-error one argument is missing
void pool.submit('note', 'file')

// Inputs can be any iterable or async iterable of the first argument.
declare const later: AsyncIterable<number>
pool.map('sleep', later)
pool.map('sleep', new Set([1]))
pool.map(
  'sleep',
  (function* () {
    yield 1
  })(),
)
// @ts-expect-error inputs of another type
pool.map('sleep', 'text')
// @ts-expect-error a number is no iterable
pool.map('sleep', 7)

// What a record holds.
for await (const record of pool.mapSettled('sleep', [1], {
  retries: 1,
  extraArgs: [2],
  ordered: false,
})) {
  expectTypeOf(record.input).toEqualTypeOf<number>()
  expectTypeOf(record.value).toEqualTypeOf<number | undefined>()
  expectTypeOf(record.status).toEqualTypeOf<'fulfilled' | 'rejected' | 'cancelled'>()
  expectTypeOf(record.worker).toEqualTypeOf<number | undefined>()
}

// The life of an executor.
expectTypeOf(pool.shutdown({ wait: false })).resolves.toEqualTypeOf<ShutdownReport>()
expectTypeOf(pool).toExtend<AsyncDisposable>()
expectTypeOf(pool.submit('echo', 1).cancel('reason')).toEqualTypeOf<boolean>()
// @ts-expect-error the futures come from an executor
void new Promise<number>(() => {}).cancel()

// Errors and contexts.
declare const died: WorkerDiedError
expectTypeOf<WorkerDiedError['code']>().toEqualTypeOf<'ERR_WORKER_DIED'>()
expectTypeOf(died.ran).toEqualTypeOf<boolean>()
registerError(TypeError, class Own extends Error {})
// @ts-expect-error no class of errors
registerError(Date)
expectTypeOf(taskContext().signal).toEqualTypeOf<AbortSignal>()
