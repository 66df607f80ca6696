/**
 * The contract is one text for all executors. What they cannot all do is declared here as a capability, and a test says
 * in its title's condition which one it needs.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  activeExecutors,
  AdaptiveExecutor,
  InlineExecutor,
  ProcessExecutor,
  ThreadExecutor,
  type Executor,
  type ExecutorKind,
  type ExecutorOptions,
} from 'tidypool'
import { until } from '../helpers/until.ts'

export type Tasks = typeof import('./tasks.mjs')
export const tasksUrl: URL = new URL('./tasks.mjs', import.meta.url)

export interface Capabilities {
  /** A task cannot end the program: a crash or `process.exit` costs that task only. */
  readonly isolates: boolean
  /** A task that looks at no signal can be stopped. */
  readonly preempts: boolean
  /** Arguments and results are copies. */
  readonly clones: boolean
  /** More than one worker. */
  readonly isParallel: boolean
  /** Each worker is a process of its own. */
  readonly hasProcesses: boolean
}

export interface KindUnderTest extends Capabilities {
  readonly kind: ExecutorKind
  readonly create: <M>(url: URL | string, options?: ExecutorOptions) => Executor<M>
}

const allKinds: readonly KindUnderTest[] = [
  {
    kind: 'inline',
    isolates: false,
    preempts: false,
    clones: false,
    isParallel: false,
    hasProcesses: false,
    create: (url, { maxWorkers: _, ...options } = {}) => new InlineExecutor(url, options),
  },
  {
    kind: 'thread',
    isolates: true,
    preempts: true,
    clones: true,
    isParallel: true,
    hasProcesses: false,
    create: (url, options) => new ThreadExecutor(url, options),
  },
  {
    kind: 'process',
    isolates: true,
    preempts: true,
    clones: true,
    isParallel: true,
    hasProcesses: true,
    create: (url, options) => new ProcessExecutor(url, options),
  },
  {
    kind: 'adaptive',
    isolates: true,
    preempts: true,
    clones: true,
    isParallel: true,
    hasProcesses: true,
    create: (url, options) => new AdaptiveExecutor(url, options),
  },
]

/** All of them, or those that TIDYPOOL_KINDS names. */
const wanted = process.env['TIDYPOOL_KINDS']?.split(',')
export const kinds: readonly KindUnderTest[] = allKinds.filter(
  ({ kind }) => wanted?.includes(kind) ?? true,
)

/** What a test of the contract is given. */
export interface Contract extends KindUnderTest {
  readonly t: TestContext
  /** An executor that is shut down, and looked at, after the test. Two workers unless told otherwise. */
  readonly pool: (options?: ExecutorOptions) => Executor<Tasks>
  /** A file to which tasks append lines. */
  readonly notes: Notes
}

export interface Notes {
  readonly file: string
  lines(): string[]
  /** Waits for a line. */
  has(line: string): Promise<unknown>
}

/** Declares a test for each kind of executor that can do what is needed. */
export function contract(
  title: string,
  needed: Partial<Capabilities>,
  body: (c: Contract) => Promise<void>,
): void {
  for (const kind of kinds) {
    const can = (Object.keys(needed) as (keyof Capabilities)[]).every(
      (capability) => kind[capability] === needed[capability],
    )
    if (!can) continue
    test(`${kind.kind}: ${title}`, { timeout: 30_000 }, async (t) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'tc-'))
      const file = path.join(folder, 'notes')
      const lines = (): string[] => linesOf(file)
      const executors: Executor<Tasks>[] = []
      try {
        await body({
          ...kind,
          t,
          notes: { file, lines, has: (line) => until(() => lines().includes(line), `"${line}"`) },
          pool(options) {
            const executor = kind.create<Tasks>(tasksUrl, { maxWorkers: 2, ...options })
            executors.push(executor)
            return executor
          },
        })
      } finally {
        // What a failed test left running must not hold up the others.
        for (const executor of executors) {
          void executor.shutdown({ wait: false, cancelPending: true, graceMs: 0 })
          await executor.shutdown()
        }
        rmSync(folder, { recursive: true, force: true })
      }
      for (const executor of executors) {
        assert.equal(executor.state, 'closed')
        assert.deepEqual(executor.workers(), [], 'no worker is left')
        const { workers, idle, queued, running } = executor.stats()
        assert.deepEqual(
          { workers, idle, queued, running },
          { workers: 0, idle: 0, queued: 0, running: 0 },
        )
      }
      const own = executors.map(({ name }) => name)
      assert.deepEqual(
        activeExecutors().filter(({ name }) => own.includes(name)),
        [],
        'it is registered no more',
      )
    })
  }
}

export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return [] // no task has written yet
  }
}

/** All results of a `map`. */
export async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}
