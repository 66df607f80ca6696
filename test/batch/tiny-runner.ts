/**
 * The least that a batch can run on: calls a function on this thread, a few inputs at a time. For what the batch does by
 * itself; what executors do is tested with executors.
 */
import { TaskCancelledError } from '../../src/errors.ts'
import type { SettledRecord } from '../../src/executor/executor.ts'
import { CommandAccount } from '../../src/batch/command-account.ts'
import type { BatchRunner } from '../../src/batch/runner.ts'

export type TinyTask = (input: unknown, params: unknown, signal: AbortSignal) => unknown

export interface TinyRunner extends BatchRunner {
  /** Inputs in the order they were begun. */
  readonly begun: unknown[]
  isClosed: boolean
}

type Tiny = SettledRecord<unknown, unknown>

export function tinyRunner(task: TinyTask, { jobs = 2 }: { jobs?: number } = {}): TinyRunner {
  const begun: unknown[] = []
  const pending = new AbortController()
  const running = new Map<number, number>()

  async function call(
    index: number,
    input: unknown,
    params: unknown,
    signal: AbortSignal,
  ): Promise<Tiny> {
    const about = { index, input, waitMs: 0, runMs: 1, worker: 1 }
    if (signal.aborted || pending.signal.aborted) {
      return {
        ...about,
        status: 'cancelled',
        error: new TaskCancelledError('default'),
        attempts: 0,
      }
    }
    begun.push(input)
    running.set(index, performance.now())
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener(
          'abort',
          () => reject(new TaskCancelledError('default', signal.reason)),
          { once: true },
        )
      })
      const value = await Promise.race([Promise.resolve(task(input, params, signal)), aborted])
      return { ...about, status: 'fulfilled', value, attempts: 1 }
    } catch (error) {
      const status = error instanceof TaskCancelledError ? 'cancelled' : 'rejected'
      return { ...about, status, error, attempts: 1 }
    } finally {
      running.delete(index)
    }
  }

  return {
    begun,
    isClosed: false,
    cookie: undefined,
    identify: async () => ({
      of: 'module',
      name: 'tasks.mjs#default',
      exportName: 'default',
      hash: 'f'.repeat(32),
    }),
    cancelPending: () => pending.abort(),
    stats: () => ({
      workers: 1,
      idle: 0,
      queued: 0,
      running: running.size,
      finished: 0,
      failed: 0,
      cancelled: 0,
      ...new CommandAccount().stats({ jobs: 1, running: running.size }),
      stuck: 0,
    }),
    workers: () =>
      [...running].map(([index, since]) => ({
        id: 1,
        state: 'busy' as const,
        running: { task: 'default', forMs: performance.now() - since, index },
      })),
    inputOf: ({ value }) => value,
    async run(inputs, { ordered, params, signal, settle }) {
      const calls = new Map<number, Promise<Tiny>>()
      let index = 0
      let isMore = true
      while (isMore || calls.size > 0) {
        while (isMore && calls.size < jobs) {
          const next = await inputs.next()
          if (next.done) isMore = false
          else calls.set(index, call(index++, next.value, params, signal))
        }
        if (calls.size === 0) break
        const [first] = calls.values()
        const record = await (ordered ? first : Promise.race(calls.values()))
        if (!record) break
        calls.delete(record.index)
        await settle(record)
      }
    },
    async close() {
      this.isClosed = true
      return {
        tasks: { finished: 0, failed: 0, cancelled: 0, killed: 0 },
        workers: [],
        escaped: [],
        ended: [],
        errors: [],
      }
    },
  }
}
