/**
 * All that is looked at, from one moment on. What the runner makes for itself is not counted, nor what is ours.
 *
 *   processes, shared memory, temporary files   of this process and of all that it starts
 *   threads, timers, handles, listeners         of this thread
 *   descriptors, sockets                        of this process (in a worker thread: of this thread)
 */
import { randomBytes } from 'node:crypto'
import type { Leak, LeakKind } from '../errors.ts'
import { ownDescriptors } from '../os/own-descriptors.ts'
import { hasProc } from '../os/process-identity.ts'
import { summarize } from '../os/process-table.ts'
import { AsyncResources, type Made } from './async-resources.ts'
import { every, nowMs } from './clock.ts'
import { descriptorsLeft } from './descriptors-left.ts'
import { setVariables } from './environment.ts'
import type { Finding } from './finding.ts'
import { handlesLeft } from './handles-left.ts'
import { Listeners } from './listeners.ts'
import { PrivateTemp } from './private-temp.ts'
import { markVariable, ProcessFamily } from './process-family.ts'
import { SharedMemoryWatch } from './shared-memory-watch.ts'

/** Who uses what in `/dev/shm`, and whose child somebody is, can only be seen while they live. */
const lookEveryMs = 100
const order: readonly LeakKind[] = [
  'process',
  'thread',
  'socket',
  'descriptor',
  'timer',
  'handle',
  'listener',
  'shared memory',
  'temporary file',
]

export class Observation implements Disposable {
  readonly #ends: (() => void)[] = []
  readonly #temp: PrivateTemp
  readonly #family: ProcessFamily
  readonly #memory = new SharedMemoryWatch()
  readonly #descriptors: ReadonlyMap<number, string>
  readonly #listeners: Listeners
  readonly #resources: AsyncResources
  readonly #startedAtMs: number

  constructor() {
    const mark = randomBytes(8).toString('hex')
    // It holds the guardian: before the first look.
    this.#temp = new PrivateTemp()
    this.#ends.push(() => this.#temp[Symbol.dispose]())
    this.#ends.push(setVariables(variables(mark, this.#temp.path)))
    this.#family = new ProcessFamily(mark)
    this.#ends.push(every(lookEveryMs, () => this.#lookAtOthers()))
    this.#listeners = new Listeners()
    this.#ends.push(() => this.#listeners[Symbol.dispose]())
    this.#descriptors = ownDescriptors()
    this.#startedAtMs = nowMs()
    this.#resources = new AsyncResources()
    this.#ends.push(() => this.#resources[Symbol.dispose]())
  }

  /** What is there now that began since. */
  leaks(): Leak[] {
    const made = this.#resources.live()
    const whole = [...this.#processes(made), ...handlesLeft(made).filter(isThread)]
    // The pipes to a process and the ports of a thread go with it.
    const owners = new Set(whole.map(({ where }) => where).filter((where) => where !== undefined))
    const parts = [
      ...descriptorsLeft(this.#descriptors, made, this.#temp.path),
      ...handlesLeft(made).filter((one) => !isThread(one)),
    ].filter(({ kind, where }) => kind === 'timer' || where === undefined || !owners.has(where))
    return [
      ...whole,
      ...parts,
      ...this.#listeners.left(),
      ...this.#memory.left(),
      ...this.#temp.left(),
    ]
      .toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
      .map(({ atMs, ...finding }) => ({
        ...finding,
        sinceMs: atMs === undefined ? undefined : Math.max(0, atMs - this.#startedAtMs),
      }))
  }

  /** Safe to repeat. */
  [Symbol.dispose](): void {
    const errors: unknown[] = []
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        end()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `The leak watch could not be ended.`)
  }

  #lookAtOthers(): ReturnType<ProcessFamily['look']> {
    const running = this.#family.look()
    this.#memory.look(this.#family.pids)
    return running
  }

  #processes(made: readonly Made[]): Finding[] {
    const started = new Map(
      made.filter(({ type }) => type === 'PROCESSWRAP').map((one) => [one.resource.pid, one]),
    )
    if (!hasProc()) return [...started.values()].flatMap(childOf)
    return this.#lookAtOthers()
      .filter(({ pid }) => started.get(pid)?.site.by !== 'runner')
      .map((stat) => {
        const { name, command } = summarize(stat)
        return {
          kind: 'process',
          what: `process ${stat.pid} (${command || name})`,
          atMs: this.#startedAtMs + this.#family.sinceMs(stat),
          where: started.get(stat.pid)?.site.where,
          pid: stat.pid,
        }
      })
  }
}

/** Where nothing lists processes: a child of ours that has not been seen to end. */
function childOf({ resource, atMs, site }: Made): Finding[] {
  const { pid } = resource
  if (pid === undefined || resource.hasRef?.() === undefined || site.by === 'runner') return []
  return [{ kind: 'process', what: `process ${pid}`, atMs, where: site.where, pid }]
}

function isThread({ kind }: Finding): boolean {
  return kind === 'thread'
}

function variables(mark: string, folder: string): Record<string, string> {
  const outer = process.env[markVariable]
  const marks = { [markVariable]: outer === undefined ? mark : `${outer}:${mark}` }
  return process.platform === 'win32'
    ? { ...marks, TEMP: folder, TMP: folder }
    : { ...marks, TMPDIR: folder }
}
