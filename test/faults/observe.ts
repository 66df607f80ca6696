/**
 * Looks at a program under test from outside: through `/proc`, the file system and the program's wait status,
 * never by asking tidypool. All rows of the table of faults use it.
 *
 * Each repeat has a `Stage`: a temporary directory, a state directory and a mark in the environment of its own, so that
 * rows may run side by side on a machine where other things happen.
 *
 * ```ts no-run
 * const stage = new Stage(t)
 * const parent = await stage.start('holder.mjs', ['process', 'busy']) // waits for its line "ready {…}"
 * parent.kill('SIGKILL')
 * await parent.ended
 * const took = await stage.gone() // throws, naming what is left, when it takes longer than 2 s
 * ```
 *
 * What it cannot see: processes that cleared their environment (a test that makes one names it with `watch(pid)`).
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { identify, isEndedState, readStat } from '../../src/os/process-identity.ts'
import type { RepeatContext } from '../helpers/fault-row.ts'
import { canaries, canaryBytes, canaryPrefix, type Canaries } from './canaries.ts'
import { entriesBelow } from '../helpers/entries-below.ts'
import { environmentOf, lookAtProcesses } from '../helpers/processes.ts'

/** What is promised after every row that does not say otherwise. */
export const promiseMs = 2000
const markName = 'TIDYPOOL_STAGE'
/** The upper half of the keys of System V objects that tests make. */
export const testedKeys = 0x7d1d
/**
 * Names in /dev/shm that no program of a stage makes, but other tests do, which run beside it: Python's own choice (rows about
 * Python's pools look in a /dev/shm of their own: proof/trial.mjs), and those that begin as their folders do.
 */
const ofOtherTests =
  /^(sem\.(mp|loky)-|psm_|joblib_memmapping_folder_|sem\.[A-Za-z0-9]{6}$|(sem\.)?t[lp]-|tidypool-test-)/
const programs = new URL('./programs/', import.meta.url)
/** Limit for a program to say that it is ready; guards against a hang and is no promise. */
const readyLimitMs = 30_000

/** A process seen from outside. */
export interface Seen {
  readonly pid: number
  readonly startTime: string
  readonly command: string
  /** The guardian or a sweep of the scope: they end last. */
  readonly isCleaner: boolean
}

export interface End {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** `performance.now()` when we learnt of it. */
  readonly at: number
}

/** How long after the end things were gone. */
export interface Gone {
  /** All processes, guardian and sweep among them. */
  readonly processesMs: number
  /** Everything: files, journals and kernel objects too. */
  readonly allMs: number
}

export interface StartOptions extends Pick<SpawnOptions, 'detached' | 'cwd'> {
  /** Put before `node`: `['timeout', '1s']`. */
  readonly wrapper?: readonly string[]
  readonly execArgv?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Whether to wait for the line `ready …`. Default: true. */
  readonly ready?: boolean
  /** `pipe` for a program that reads from it, as those do that wait for `go()`. Default: nothing can be read. */
  readonly stdin?: 'ignore' | 'pipe'
}

/** Polls until the condition gives something true, and fails by naming what it waited for. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  limitMs: number = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, false | null | undefined>
    }
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}`)
    await delay(5)
  }
}

/** Whether that very process runs; a zombie has ended. */
export function isRunning({ pid, startTime }: Pick<Seen, 'pid' | 'startTime'>): boolean {
  const stat = readStat(pid)
  return stat?.startTime === startTime && !isEndedState(stat.state)
}

/** The number that a process has in its own pid namespace. */
export function ownNumber(pid: number): number {
  const line = /^NSpid:(.*)$/m.exec(readText(`/proc/${pid}/status`))?.[1]
  return Number(line?.trim().split(/\s+/).at(-1) ?? pid)
}

/** A program that a stage started. */
export class Program {
  readonly child: ChildProcess
  readonly pid: number
  /** Its own end, by `exit`: pipes that others hold do not matter. */
  readonly ended: Promise<End>
  #stdout = ''
  #stderr = ''
  #end: End | undefined

  constructor(child: ChildProcess) {
    this.child = child
    assert.ok(child.pid !== undefined, 'the program was started')
    this.pid = child.pid
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => {
        this.#end = { exitCode, signal, at: performance.now() }
        resolve(this.#end)
      })
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  /** What it wrote, for messages. */
  get told(): string {
    const end = this.#end ? `${this.#end.exitCode ?? this.#end.signal}` : 'still running'
    return `(${end})\nstdout: ${this.#stdout}\nstderr: ${this.#stderr}`
  }

  /** Signals the program itself, as long as it is not reaped. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Lets a program go on that waits for a line on its stdin. */
  go(): void {
    this.child.stdin?.write('go\n')
  }

  /** Waits for a line of stdout that begins with a word, and returns the JSON after it (undefined when there is none). */
  async line(word: string, limitMs: number = readyLimitMs): Promise<unknown> {
    const find = () =>
      this.#stdout
        .split('\n')
        .slice(0, -1)
        .find((text) => isLine(text, word))
    // A program that ended may have written it just before: its pipe is read to the end first.
    const line = await until(
      () => find() ?? (this.#end && this.child.stdout?.readableEnded ? 'ended' : undefined),
      `the line "${word}" of the program ${this.told}`,
      limitMs,
    )
    if (!isLine(line, word)) throw new Error(`no line "${word}" came from the program ${this.told}`)
    const json = line.slice(word.length).trim()
    return json === '' ? undefined : (JSON.parse(json) as unknown)
  }

  async ready<T>(): Promise<T> {
    return (await this.line('ready')) as T
  }

  /** All lines that begin with a word, as JSON. */
  lines(word: string): unknown[] {
    return this.#stdout
      .split('\n')
      .slice(0, -1)
      .filter((text) => isLine(text, word))
      .map((text) => JSON.parse(text.slice(word.length)) as unknown)
  }

  /** Waits until what it wrote was read. */
  async drained(limitMs: number = 1000): Promise<void> {
    const { stdout, stderr } = this.child
    await until(
      () => (stdout?.readableEnded ?? true) && (stderr?.readableEnded ?? true),
      `the end of the output of the program ${this.told}`,
      limitMs,
    )
  }
}

export class Stage {
  readonly tag: string = randomBytes(8).toString('hex')
  /** Everything of this repeat. */
  readonly folder: string
  /** `TMPDIR` of what is started. Holds a directory of somebody else that looks a little like ours. */
  readonly tmp: string
  readonly stateDir: string
  readonly env: NodeJS.ProcessEnv
  readonly #programs: Program[] = []
  readonly #watched: Seen[] = []
  readonly #shmBefore: ReadonlySet<string>
  readonly #sysvBefore: ReadonlySet<string>
  readonly #canaries: Canaries
  readonly #foreign: string

  constructor(t: Pick<RepeatContext, 'after'>) {
    // Short, because Unix sockets in it have names of at most 100 bytes.
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'f-'))
    this.tmp = path.join(this.folder, 't')
    this.stateDir = path.join(this.folder, 's')
    mkdirSync(this.tmp)
    mkdirSync(this.stateDir, { mode: 0o700 })
    this.#foreign = path.join(this.tmp, 'tidypool-0123456789ab')
    mkdirSync(this.#foreign)
    writeFileSync(path.join(this.#foreign, 'precious'), this.tag)
    this.#canaries = canaries()
    this.env = {
      ...process.env,
      [markName]: this.tag,
      TMPDIR: this.tmp,
      TIDYPOOL_STATE_DIR: this.stateDir,
      XDG_RUNTIME_DIR: undefined,
      TIDYPOOL_SCOPE: undefined,
      NODE_TEST_CONTEXT: undefined,
    }
    this.#shmBefore = new Set(sharedMemory())
    this.#sysvBefore = new Set(systemV())
    t.after(() => this.close())
  }

  /** Starts `test/faults/programs/NAME` with node and waits for its line `ready`. */
  async start(
    program: string,
    args: readonly string[] = [],
    options: StartOptions = {},
  ): Promise<Program> {
    const { wrapper = [], execArgv = [] } = options
    const file = fileURLToPath(new URL(program, programs))
    return this.startCommand([...wrapper, process.execPath, ...execArgv, file, ...args], options)
  }

  /** Starts any command in this stage. */
  async startCommand(command: readonly string[], options: StartOptions = {}): Promise<Program> {
    const { env = {}, ready = true, stdin = 'ignore', detached, cwd } = options
    const [file = '', ...args] = command
    const child = spawn(file, args, {
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...this.env, ...env },
      detached,
      cwd,
    })
    // Without a listener an error of spawning would end the test process.
    child.on('error', () => {})
    // A program may end without having read what it was told.
    child.stdin?.on('error', () => {})
    const started = new Program(child)
    this.#programs.push(started)
    if (ready) await started.ready()
    return started
  }

  /** Names a process that the mark does not show, because its environment was cleared. */
  watch(pid: number): Seen {
    const seen = { pid, startTime: identify(pid)?.startTime ?? '', command: '?', isCleaner: false }
    this.#watched.push(seen)
    return seen
  }

  /** Processes of this stage that run now: by the mark, by their command line, or watched. */
  processes(): Seen[] {
    const found: Seen[] = this.#watched.filter(isRunning)
    for (const seen of lookAtProcesses((pid) => this.#look(pid)))
      if (!found.some((other) => other.pid === seen.pid)) found.push(seen)
    return found
  }

  #look(pid: number): Seen | undefined {
    if (pid === process.pid) return undefined
    const environment = environmentOf(pid)
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    // Its script is one argument, and no reader of a message wants it.
    const words = command.filter((word) => word.length < 300)
    const isCleaner = words.some((word) => /^tidypool-(guardian|sweep)$/.test(word))
    const isOurs =
      environment.includes(`${markName}=${this.tag}`) ||
      (isCleaner && words.some((word) => word.startsWith(this.stateDir)))
    const stat = isOurs ? readStat(pid) : undefined
    if (!stat || isEndedState(stat.state)) return undefined
    const text = words.join(' ').slice(0, 200)
    return { pid, startTime: stat.startTime, command: text, isCleaner }
  }

  /** Journals that are there, as paths. `ended.log` names what was ended and is no journal. */
  journals(): string[] {
    return filesBelow(this.stateDir).filter((file) => path.basename(file) !== 'ended.log')
  }

  /** Files of the temporary directory that were not there at the beginning, but for the cache of the tests' compiler. */
  files(): string[] {
    return readdirSync(this.tmp)
      .filter((name) => !/^(tsx-|node-compile-cache)/.test(name))
      .map((name) => path.join(this.tmp, name))
      .filter((file) => file !== this.#foreign)
  }

  /** Such a name in /dev/shm is of this stage, also when its maker ended before it could be seen. */
  objectName(suffix: string): string {
    return `f-${this.tag}-${suffix}`
  }

  #isOfOthers(name: string): boolean {
    const tag = /f-([0-9a-f]{16})-/.exec(name)?.[1]
    return tag === undefined ? ofOtherTests.test(name) : tag !== this.tag
  }

  /** What is there of this stage besides processes: S V T J of the table of faults. */
  things(): string[] {
    return [
      ...this.files().map((file) => `T temporary: ${file}`),
      ...this.journals().map((file) => `J journal: ${file}\n${readText(file)}`),
      ...sharedMemory()
        .filter((name) => !this.#shmBefore.has(name) && !this.#isOfOthers(name))
        .filter((name) => !isMappedByStranger(name, this.tag))
        .map((name) => `S shared memory: /dev/shm/${name}`),
      ...systemV()
        .filter((line) => !this.#sysvBefore.has(line))
        .map((line) => `V System V: ${line}`),
    ]
  }

  /**
   * Waits until no process of the stage runs (P) and nothing else of it is there (S V T J); then looks at the canaries (C).
   *
   * @param limits.since         What times count from. Default: now.
   * @param limits.processesMs   Limit for processes. Default: 2 s.
   * @throws AssertionError that names what is left.
   */
  async gone(limits: { since?: number; processesMs?: number; allMs?: number } = {}): Promise<Gone> {
    const { since = performance.now(), allMs = promiseMs } = limits
    const processesMs = limits.processesMs ?? allMs
    // Looking at every process of the machine takes processor time from those who clean up: look at those found first.
    let running = this.processes()
    let seenAt = performance.now()
    while (running.length > 0 && performance.now() - since < Math.max(processesMs, allMs) + 500) {
      await delay(2)
      running = running.filter(isRunning)
      seenAt = performance.now()
      if (running.length === 0) running = this.processes()
    }
    assert.deepEqual(
      running.map(describe),
      [],
      `P: processes that do not end, limit ${processesMs} ms; ${machineNow()}`,
    )
    const tookMs = seenAt - since
    assert.ok(
      tookMs <= processesMs,
      `P: the last process ended after ${Math.round(tookMs)} ms, limit ${processesMs} ms; ${machineNow()}`,
    )
    let things = this.things()
    while (things.length > 0 && performance.now() - since < allMs) {
      await delay(5)
      things = this.things()
    }
    const allTookMs = performance.now() - since
    assert.deepEqual(things, [], `left ${Math.round(allTookMs)} ms after; ${machineNow()}`)
    this.untouched()
    return { processesMs: tookMs, allMs: allTookMs }
  }

  /** C: what belongs to others is as it was. */
  untouched(): void {
    this.#canaries.check()
    assert.equal(readText(path.join(this.#foreign, 'precious')), this.tag, 'C: foreign directory')
  }

  /** J: the next program that uses tidypool here starts and ends as if nothing had happened. */
  async nextStart(): Promise<void> {
    const next = await this.start('next-start.mjs')
    const end = await next.ended
    await next.drained()
    assert.deepEqual([end.exitCode, end.signal, next.stderr], [0, null, ''], next.told)
    await this.gone()
  }

  /** Ends and removes what is there of this stage, whatever happened. Safe to repeat. */
  async close(): Promise<void> {
    const deadline = performance.now() + 5000
    for (let found = this.processes(); found.length > 0; found = this.processes()) {
      for (const seen of found) endProcess(seen)
      if (performance.now() > deadline) {
        throw new Error(`could not end ${found.map(describe).join(', ')}`)
      }
      await delay(5)
    }
    for (const { child } of this.#programs) {
      child.stdin?.destroy()
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What a process holds, seen from outside. */
export interface Handles {
  /** What each descriptor is open on, sockets and pipes without their numbers. */
  readonly descriptors: readonly string[]
  readonly threads: number
  readonly children: number
}

export function handlesOf(pid: number): Handles {
  const folder = `/proc/${pid}/fd`
  const descriptors = readdirSync(folder)
    .map((fd) => readlinkSync(path.join(folder, fd)).replace(/\[\d+\]$/, ''))
    .toSorted()
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) =>
    readText(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean),
  )
  return { descriptors, threads: threads.length, children: children.length }
}

/** Whether more wait for a processor than limits below the general promise were found to hold for. */
export function isOverloaded(): boolean {
  const [load = 0] = os.loadavg()
  return load > 2.5 * os.availableParallelism()
}

/** The limit for P of row B6, by the load at the moment; on an overloaded machine the general promise. */
export function processLimitMs(): number {
  const [load = 0] = os.loadavg()
  if (load < 2) return 250
  return isOverloaded() ? promiseMs : 500
}

/** For messages about time: the averages, what is runnable now of all there is, and how much waits for a processor. */
function machineNow(): string {
  const pressure = /avg10=([\d.]+)/.exec(readText('/proc/pressure/cpu'))?.[1] ?? '?'
  return `load ${readText('/proc/loadavg').trim()}, ${pressure} % waited for a processor`
}

function isLine(text: string, word: string): boolean {
  return text === word || text.startsWith(`${word} `)
}

function describe({ pid, command }: Seen): string {
  const stat = readStat(pid)
  return `${pid} ${stat ? `${stat.state} ppid ${stat.ppid} ` : ''}${command}`
}

function endProcess(seen: Seen): void {
  if (!isRunning(seen)) return
  try {
    process.kill(seen.pid, 'SIGKILL')
  } catch {
    // It ended just now.
  }
}

function sharedMemory(): string[] {
  if (!existsSync('/dev/shm')) return []
  // Test files run side by side: each has canaries, and some make objects with names of their own.
  return readdirSync('/dev/shm').filter(
    (name) => !name.startsWith(canaryPrefix) && !/^(sem\.)?t[lp]-/.test(name),
  )
}

/** One line for each System V object: its kind, key, number, rights and (of a segment) size, but for canaries. */
function systemV(): string[] {
  return ['shm', 'sem', 'msg'].flatMap((kind) =>
    readText(`/proc/sysvipc/${kind}`)
      .split('\n')
      .slice(1)
      .filter(Boolean)
      .map((line) => line.trim().split(/\s+/).slice(0, 4))
      .filter((columns) => kind !== 'shm' || columns[3] !== String(canaryBytes))
      // Those that tests of them make: each looks at its own.
      .filter(([key]) => Number(key) >>> 16 !== testedKeys)
      .map((columns) => [kind, ...columns.slice(0, 3)].join(' ')),
  )
}

/** Other programs of this machine use shared memory as well: what such a one has mapped is none of ours. */
function isMappedByStranger(name: string, tag: string): boolean {
  const { ino } = statSync(`/dev/shm/${name}`, { throwIfNoEntry: false }) ?? {}
  // By inode: who made a semaphore has it mapped under another name, that is no more.
  const mapping = new RegExp(` ${ino} +/dev/shm/`)
  const strangers = lookAtProcesses((pid) =>
    mapping.test(readFileSync(`/proc/${pid}/maps`, 'latin1')) &&
    !environmentOf(pid).includes(`${markName}=${tag}`)
      ? pid
      : undefined,
  )
  return strangers.length > 0
}

function filesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

/** The text of a file, empty when it is gone or not ours to read. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
