/**
 * What a test leaves behind, looked at from outside and never by the code under test: processes (found by a
 * mark in their environment), entries of /dev/shm, of the temporary and of the state directory, and what this process
 * holds itself: descriptors, handles, threads, listeners.
 *
 * ```ts no-run
 * const leftovers = watchLeftovers(t)
 * …
 * await pool.shutdown()
 * await leftovers.none()
 * ```
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { until } from './until.ts'
import { entriesBelow } from './entries-below.ts'
import { commandLineOf, environmentOf, lookAtProcesses } from './processes.ts'

/** What DESIGN promises for whatever way a process ends: two seconds. The rest is for a busy machine. */
const deadlineMs = 5000
const markName = 'TIDYPOOL_TEST_MARK'

// Node starts its threads for files when they are first needed, all at once: they must not count as left behind.
await stat(os.tmpdir())

export interface Leftovers {
  /** Give these to programs that the test starts; what this process starts has them already. */
  readonly env: Readonly<Record<string, string>>
  /** A temporary directory of the test's own, which must be empty at the end. */
  readonly tmp: string
  /** What is left now, one line each. */
  list(): string[]
  /** Fails unless everything is gone in time. */
  none(): Promise<void>
}

/** `TestContext`, and what `faultRow` gives to a repeat. */
interface Watched {
  after(cleanUp: () => void): void
}

/**
 * Remembers what there is now. From then on this process and all that it starts carry a mark, and have a temporary and a
 * state directory of their own; `t.after` takes that back.
 */
export function watchLeftovers(t: Watched): Leftovers {
  const mark = randomBytes(8).toString('hex')
  // Short, because Unix sockets in it have names of at most 100 bytes.
  const tmp = mkdtempSync(path.join(os.tmpdir(), 'tl-'))
  const env = { [markName]: mark, TMPDIR: tmp, TIDYPOOL_STATE_DIR: path.join(tmp, 'state') }
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, env)
  const own = lookAtThisProcess()
  const shared = sharedMemory()

  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    rmSync(tmp, { recursive: true, force: true })
  })

  const list = (): string[] => [
    ...processesWith(`${markName}=${mark}`),
    ...filesBelow(tmp).map((file) => `file in the temporary directory: ${file}`),
    ...sharedMemory()
      .filter((name) => !shared.includes(name))
      .map((name) => `/dev/shm/${name}`),
    ...grown(own, lookAtThisProcess()),
  ]
  return {
    env,
    tmp,
    list,
    async none() {
      let left: string[] = []
      try {
        await until(
          () => {
            left = []
            left = list()
            return left.length === 0
          },
          'nothing to be left',
          { deadlineMs },
        )
      } catch (error) {
        // Nothing was found: looking itself failed.
        if (left.length === 0) throw error
        throw new Error(`left behind:\n${left.map((line) => `  ${line}`).join('\n')}`, {
          cause: error,
        })
      }
    },
  }
}

/** Living processes whose environment has the entry. A zombie has none: it is gone but for its parent's look. */
export function processesWith(entry: string): string[] {
  return lookAtProcesses((pid) =>
    pid !== process.pid && environmentOf(pid).includes(entry)
      ? `process ${pid}: ${commandLineOf(pid).slice(0, 160)}`
      : undefined,
  )
}

/** Empty folders count too, but for the state directory, which stays. */
function filesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => {
      const isExpected = file === 'state' || /^(tsx-|node-compile-cache)/.test(file)
      return !isExpected && !isEmptyFolderOf('state', file, folder)
    })
}

function isEmptyFolderOf(parent: string, file: string, root: string): boolean {
  if (!file.startsWith(`${parent}/`)) return false
  try {
    return filesBelow(path.join(root, file)).length === 0
  } catch {
    return false // no folder
  }
}

function sharedMemory(): string[] {
  // Other programs of the machine come and go here; ours would say so in their names.
  return existsSync('/dev/shm')
    ? readdirSync('/dev/shm').filter((name) => name.includes('tidypool'))
    : []
}

/** What this process holds, by name, with its number. */
type Held = ReadonlyMap<string, number>

function lookAtThisProcess(): Held {
  const held = new Map<string, number>()
  const add = (name: string): void => void held.set(name, (held.get(name) ?? 0) + 1)
  for (const name of process.eventNames()) {
    for (const _ of process.listeners(name as 'exit')) add(`listener on process: ${String(name)}`)
  }
  for (const resource of process.getActiveResourcesInfo()) {
    // Timers are the tests' own as well, and the reporter writes when it likes.
    if (!/Timeout|Immediate|TTYWrap|PipeWrap|FSReq|ConnectWrap|WriteWrap/.test(resource))
      add(`handle: ${resource}`)
  }
  for (const fd of existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd') : []) {
    try {
      // By kind, not by number: numbers are used again.
      add(
        `descriptor: ${readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]|\d+.*deleted.*/, '')}`,
      )
    } catch {
      // The one that listed them.
    }
  }
  for (const _ of existsSync('/proc/self/task') ? readdirSync('/proc/self/task') : []) add('thread')
  return held
}

function grown(before: Held, now: Held): string[] {
  return [...now].flatMap(([name, count]) => {
    const more = count - (before.get(name) ?? 0)
    return more > 0 ? [`${name} (${more} more)`] : []
  })
}
