/**
 * Every error that tidypool throws on purpose, each with a stable `code` to match on.
 *
 * Message texts say what happened, to what, why as far as it is known, and what to do next; they may change
 * in any release. `code` and the fields do not.
 */

/**
 * The base of all errors of this package. Match on the class or on `code`, never on the message.
 *
 * @example
 * import { TaskTimeoutError, TidypoolError, WorkerDiedError } from 'tidypool'
 *
 * export function explain(error: unknown): string {
 *   if (error instanceof TaskTimeoutError) return `not done within ${error.timeoutMs} ms`
 *   if (error instanceof WorkerDiedError) return `its worker ended: ${error.signal ?? error.exitCode}`
 *   if (error instanceof TidypoolError) return error.code
 *   return `the task threw ${String(error)}`
 * }
 * console.log(explain(new TaskTimeoutError('score', 10_000)))
 */
export abstract class TidypoolError extends Error {
  /** Stable identifier, for example `ERR_TASK_TIMEOUT`. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    // Before the stack is taken, which begins with it. Once for each class: an own property of each error costs as much as the rest.
    const { name, prototype } = new.target
    if (!Object.hasOwn(prototype, 'name'))
      Reflect.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true })
    super(message, options)
  }
}

/** A task ran longer than its `timeoutMs`, or a whole `map` longer than its `deadlineMs`. */
export class TaskTimeoutError extends TidypoolError {
  readonly code = 'ERR_TASK_TIMEOUT'
  /** Name of the export that was running. */
  readonly task: string
  /** The limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number

  constructor(task: string, timeoutMs: number, message?: string, options?: ErrorOptions) {
    super(
      message ??
        `Task ${quote(task)} ran longer than its limit of ${timeoutMs} ms and was stopped. Raise timeoutMs if that was not long enough.`,
      options,
    )
    this.task = task
    this.timeoutMs = timeoutMs
  }
}

/** A task ran for `stuckAfterMs` without telling progress, and `onStuck` is `kill`: its worker was ended for it. */
export class TaskStuckError extends TidypoolError {
  readonly code = 'ERR_TASK_STUCK'
  /** Name of the export that was running. */
  readonly task: string
  /** The executor's limit, in milliseconds. */
  readonly stuckAfterMs: number
  /** What the worker did: `computing`, `blocked` in a system call, `waiting` for a promise, `stopped`, or `unknown`. */
  readonly why: 'computing' | 'blocked' | 'waiting' | 'stopped' | 'unknown'
  /** What the worker ran then, line by line; where that could not be had, why. */
  readonly workerStack: string | undefined

  constructor(
    task: string,
    stuckAfterMs: number,
    why: TaskStuckError['why'],
    workerStack: string | undefined,
  ) {
    const where = workerStack === undefined ? '' : `\nIts worker:\n${workerStack}`
    super(
      `Task ${quote(task)} gave no sign for ${stuckAfterMs} ms (${why}) and was stopped. Let long tasks call taskContext().progress, or raise stuckAfterMs.${where}`,
    )
    this.task = task
    this.stuckAfterMs = stuckAfterMs
    this.why = why
    this.workerStack = workerStack
  }
}

/** A task was cancelled: by `Future.cancel`, its signal, `shutdown`, or leaving a `map`. It has a stack when `Future.cancel` did it. */
export class TaskCancelledError extends TidypoolError {
  readonly code = 'ERR_TASK_CANCELLED'
  /** Name of the export that was cancelled, whether it ran or waited. */
  readonly task: string
  /** Also the `cause`. What the caller gave as the reason, for example the `reason` of its `AbortSignal`. */
  readonly reason: unknown

  constructor(task: string, reason?: unknown) {
    super(`Task ${quote(task)} was cancelled${describeReason(reason)}.`, { cause: reason })
    this.task = task
    this.reason = reason
  }
}

/** What is known about the end of a worker. */
export interface WorkerDeath {
  /** Number of the worker, unique within its executor. */
  readonly worker: number
  /** Its process number, undefined for a thread. */
  readonly pid: number | undefined
  /** Null when it was ended by a signal, or nobody knows. */
  readonly exitCode: number | null
  /** Name of the signal that ended it, for example `SIGKILL`; else null. */
  readonly signal: string | null
  /** The last lines that the worker wrote to stderr; '' for a thread. */
  readonly stderr: string
  /** Name of the export that it had been given. */
  readonly task: string
  /** Whether the task had begun: it is not run again unless `crashRetries` allows that. */
  readonly ran: boolean
  /** Workers that died while they ran this task, this one included. Default: 1 if it `ran`, else 0. */
  readonly deaths?: number | undefined
  /** Whether it was run alone for that, and ended its worker again. Default: false. */
  readonly quarantined?: boolean | undefined
  /** What the likely reason is, where one can be guessed: the out-of-memory killer, a full heap, `process.exit`. */
  readonly hint?: string | undefined
  /** The uncaught error that ended it, if that is known. */
  readonly cause?: unknown
}

/** The worker ended while it ran the task, or before the task's result arrived. */
export class WorkerDiedError extends TidypoolError {
  readonly code = 'ERR_WORKER_DIED'
  /** Number of the worker, unique within its executor. */
  readonly worker: number
  /** Its process number, undefined for a thread. */
  readonly pid: number | undefined
  /** Null when it was ended by a signal, or nobody knows. */
  readonly exitCode: number | null
  /** Name of the signal that ended it, for example `SIGKILL`; else null. */
  readonly signal: string | null
  /** The last lines that the worker wrote to stderr; '' for a thread. */
  readonly stderr: string
  /** Name of the export that it had been given. */
  readonly task: string
  /** Whether the task had begun: it is not run again unless `crashRetries` allows that. */
  readonly ran: boolean
  /** Workers that died while they ran this task, this one included. */
  readonly deaths: number
  /** A poison input: it had ended as many workers as `crashRetries` allows, was run alone, and ended that worker too. */
  readonly quarantined: boolean
  /** What the likely reason is, where one can be guessed: the out-of-memory killer, a full heap, `process.exit`. */
  readonly hint: string | undefined

  constructor(death: WorkerDeath) {
    const who =
      death.pid === undefined
        ? `Worker ${death.worker}`
        : `Worker ${death.worker} (pid ${death.pid})`
    const how =
      death.signal !== null
        ? `was killed by ${death.signal}`
        : death.exitCode !== null
          ? `exited with code ${death.exitCode}`
          : 'ended'
    const when = death.ran ? 'while running' : 'before it began'
    const { deaths = death.ran ? 1 : 0, quarantined = false } = death
    const poison = quarantined
      ? ` It is a poison input: it ended ${deaths} workers, the last one while nothing else ran.`
      : ''
    const hint = death.hint === undefined ? '' : ` ${death.hint}`
    const stderr = death.stderr === '' ? '' : `\nLast lines of its stderr:\n${death.stderr}`
    super(`${who} ${how} ${when} task ${quote(death.task)}.${poison}${hint}${stderr}`, {
      cause: death.cause,
    })
    this.worker = death.worker
    this.pid = death.pid
    this.exitCode = death.exitCode
    this.signal = death.signal
    this.stderr = death.stderr
    this.task = death.task
    this.ran = death.ran
    this.deaths = deaths
    this.quarantined = quarantined
    this.hint = death.hint
  }
}

/** No worker could be started, after several attempts with growing pauses. */
export class WorkerStartError extends TidypoolError {
  readonly code = 'ERR_WORKER_START'
  /** How often it was tried; `cause` is what the last attempt failed with. */
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    super(
      `A worker could not be started in ${attempts} attempt${attempts === 1 ? '' : 's'}: ${messageOf(cause)}`,
      { cause },
    )
    this.attempts = attempts
  }
}

/** What a start was refused for. */
export interface Pressure {
  /** What is short. */
  readonly resource: 'processes' | 'descriptors' | 'memory'
  /** What is left of it: a count (of processes and threads, of descriptors), or bytes. */
  readonly left: number
  /** What must be left: for the worker, for those that are starting, and in reserve. */
  readonly needed: number
  /** How much there may be of it in all; 0 when that could not be read. */
  readonly limit: number
  /** Where the limit stands, such as a file, so that it can be looked up and raised. */
  readonly where: string
}

/** A worker was not started, because what it needs would not be left. It is the `cause` of a {@link WorkerStartError}. */
export class PressureError extends TidypoolError {
  readonly code = 'ERR_PRESSURE'
  /** What is short. */
  readonly resource: Pressure['resource']
  /** What is left of it: a count (of processes and threads, of descriptors), or bytes. */
  readonly left: number
  /** What must be left: for the worker, for those that are starting, and in reserve. */
  readonly needed: number
  /** How much there may be of it in all; 0 when that could not be read. */
  readonly limit: number
  /** Where the limit stands, such as a file, so that it can be looked up and raised. */
  readonly where: string

  constructor({ resource, left, needed, limit, where }: Pressure) {
    const [what, option] = {
      processes: ['processes and threads', 'processes'],
      descriptors: ['descriptors', 'descriptors'],
      memory: ['bytes of memory', 'memoryBytes'],
    }[resource] as [string, string]
    super(
      `${left}${limit > 0 ? ` of ${limit}` : ''} ${what} are left (${where}), and ${needed} must be. Lower maxWorkers or reserve.${option}, end what is not needed, or raise the limit.`,
    )
    this.resource = resource
    this.left = left
    this.needed = needed
    this.limit = limit
    this.where = where
  }
}

/** The task's module could not be loaded, or has no such export. */
export class TaskModuleError extends TidypoolError {
  readonly code = 'ERR_TASK_MODULE'
  /** URL of the module. */
  readonly module: string
  /** The export that was asked for. */
  readonly exportName: string

  constructor(module: string, exportName: string, why: string, options?: ErrorOptions) {
    super(`Task ${quote(exportName)} of ${module} cannot be run: ${why}`, options)
    this.module = module
    this.exportName = exportName
  }
}

/** An argument, a result or an error could not be copied to or from the worker. */
export class TaskCloneError extends TidypoolError {
  readonly code = 'ERR_TASK_CLONE'
  /** Name of the export that was called. */
  readonly task: string
  /** What could not be copied: an argument, so that the task has not begun; what it returned; or what it threw. */
  readonly what: 'argument' | 'result' | 'error'

  constructor(task: string, what: 'argument' | 'result' | 'error', cause: unknown) {
    const subject = { argument: 'An argument', result: 'The result', error: 'The error' }[what]
    super(
      `${subject} of task ${quote(task)} cannot be copied between threads or processes: ${messageOf(cause)} Pass plain data; functions, promises, sockets and the like stay where they are.`,
      { cause },
    )
    this.task = task
    this.what = what
  }
}

/** The executor was shut down, so it takes no more tasks. */
export class ExecutorClosedError extends TidypoolError {
  readonly code = 'ERR_EXECUTOR_CLOSED'
  /** Name of the executor. */
  readonly executor: string

  constructor(executor: string) {
    super(
      `Executor ${quote(executor)} takes no more tasks: shutdown had begun. Submit before calling shutdown(), or create a new executor.`,
    )
    this.executor = executor
  }
}

/** `maxExecutors` were open already and `onLimit` is `throw`. */
export class ExecutorLimitError extends TidypoolError {
  readonly code = 'ERR_EXECUTOR_LIMIT'
  /** The limit that was given to the executor that was not made. */
  readonly maxExecutors: number
  /** Names of those that are open. */
  readonly open: readonly string[]

  constructor(maxExecutors: number, open: readonly string[]) {
    super(
      `${open.length} executors are open already, and maxExecutors is ${maxExecutors}: ${open.map(quote).join(', ')}. Shut one down first, share one, raise maxExecutors, or set onLimit: 'wait' or 'inline'.`,
    )
    this.maxExecutors = maxExecutors
    this.open = open
  }
}

/**
 * A task awaited another task of the executor that it runs on, whose places are all taken by tasks that wait so: on an
 * inline worker, where tasks can reach their own executor. None of them could ever have gone on.
 */
export class ExecutorDeadlockError extends TidypoolError {
  readonly code = 'ERR_EXECUTOR_DEADLOCK'
  /** Name of the executor. */
  readonly executor: string
  /** Name of the export that could not begin. */
  readonly task: string
  /** Names of the exports that hold all places and wait. */
  readonly waiting: readonly string[]

  constructor(executor: string, task: string, waiting: readonly string[]) {
    const holders = [...new Set(waiting)].map(quote).join(', ')
    super(
      `Task ${quote(task)} cannot begin: all ${waiting.length} places of executor ${quote(executor)} are held by tasks (${holders}) that await tasks of the same executor. Call the function directly instead of submitting it, submit it to another executor, or raise tasksPerWorker above the number of tasks that wait.`,
    )
    this.executor = executor
    this.task = task
    this.waiting = waiting
  }
}

/** `maxQueue` tasks were waiting already and `onFull` is `throw`. */
export class QueueFullError extends TidypoolError {
  readonly code = 'ERR_QUEUE_FULL'
  /** The executor's limit. */
  readonly maxQueue: number

  constructor(maxQueue: number) {
    super(
      `The queue is full: ${maxQueue} tasks wait already. Await some futures first, raise maxQueue, or set onFull: 'wait'.`,
    )
    this.maxQueue = maxQueue
  }
}

/** What `tidypool/testing` finds left. */
export type LeakKind =
  | 'process'
  | 'thread'
  | 'socket'
  | 'descriptor'
  | 'timer'
  | 'handle'
  | 'listener'
  | 'shared memory'
  | 'temporary file'

/** One thing that was left. */
export interface Leak {
  readonly kind: LeakKind
  /** In words, as the error's message has it: `process 4121 (sleep 1000)`. */
  readonly what: string
  /** When it began, in milliseconds since the watch began; undefined where nobody knows. */
  readonly sinceMs: number | undefined
  /** File, line and column that made it; undefined where nobody knows. */
  readonly where: string | undefined
  /** Number of the process. */
  readonly pid?: number
  /** Number of the descriptor in this process. */
  readonly fd?: number
  /** Where the file or the shared memory object is, or was: temporary files are removed when the watch ends. */
  readonly path?: string
}

/** Something was left that began while `expectNoLeaks` or `watchLeaks` was watching. */
export class LeakError extends TidypoolError {
  readonly code = 'ERR_LEAK'
  /** What was left, by kind. */
  readonly leaks: readonly Leak[]

  constructor(leaks: readonly Leak[], settleMs: number) {
    const many = leaks.length === 1 ? '1 thing is' : `${leaks.length} things are`
    const lines = leaks.map((leak) => `\n  ${leakLine(leak)}`)
    super(
      `${many} still there ${settleMs} ms after the end. Close, clear or wait for each, or name it in allow:${lines.join('')}`,
    )
    this.leaks = leaks
  }
}

/** `expectNoLeaks` was called while another call of it ran: what each leaves could not be told apart. */
export class LeakWatchError extends TidypoolError {
  readonly code = 'ERR_LEAK_WATCH'

  constructor() {
    super(
      'expectNoLeaks is running already in this thread: what each of the two leaves could not be told apart. Run such tests one after another; if one of them timed out, its function has not ended yet.',
    )
  }
}

/** No permit of a `Semaphore` was got within `timeoutMs`. */
export class SemaphoreTimeoutError extends TidypoolError {
  readonly code = 'ERR_SEMAPHORE_TIMEOUT'
  /** Name of the semaphore. */
  readonly semaphore: string
  /** The limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number

  constructor(semaphore: string, timeoutMs: number) {
    super(
      `No permit of semaphore ${quote(semaphore)} was free within ${timeoutMs} ms. Others hold all of them; stats() counts who is there.`,
    )
    this.semaphore = semaphore
    this.timeoutMs = timeoutMs
  }
}

/** Waiting for a permit of a `Semaphore` was ended by the caller's signal. */
export class SemaphoreCancelledError extends TidypoolError {
  readonly code = 'ERR_SEMAPHORE_CANCELLED'
  /** Name of the semaphore. */
  readonly semaphore: string
  /** Also the `cause`: the `reason` of the `AbortSignal`. */
  readonly reason: unknown

  constructor(semaphore: string, reason: unknown) {
    super(
      `Waiting for a permit of semaphore ${quote(semaphore)} was cancelled${describeReason(reason)}.`,
      { cause: reason },
    )
    this.semaphore = semaphore
    this.reason = reason
  }
}

/** The `Semaphore` was closed, so nobody gets a permit through it any more. */
export class SemaphoreClosedError extends TidypoolError {
  readonly code = 'ERR_SEMAPHORE_CLOSED'
  /** Name of the semaphore. */
  readonly semaphore: string

  constructor(semaphore: string) {
    super(
      `Semaphore ${quote(semaphore)} is closed. Acquire before calling close(), or create a new one.`,
    )
    this.semaphore = semaphore
  }
}

/** Others have the `Semaphore` of that name with another number of permits. */
export class SemaphorePermitsError extends TidypoolError {
  readonly code = 'ERR_SEMAPHORE_PERMITS'
  /** Name of the semaphore. */
  readonly semaphore: string
  /** How many we asked for. */
  readonly permits: number
  /** How many those have who were there first. */
  readonly othersPermits: number

  constructor(semaphore: string, permits: number, othersPermits: number) {
    super(
      `Semaphore ${quote(semaphore)} is in use with permits: ${othersPermits}, and here it has permits: ${permits}. The number of the first holds as long as anybody holds or waits: give the same number everywhere, or another name.`,
    )
    this.semaphore = semaphore
    this.permits = permits
    this.othersPermits = othersPermits
  }
}

/** The queue of a `Semaphore` cannot be used: there is no directory for it, or no free descriptor. `cause` says why. */
export class SemaphoreUnavailableError extends TidypoolError {
  readonly code = 'ERR_SEMAPHORE_UNAVAILABLE'
  /** Name of the semaphore. */
  readonly semaphore: string

  constructor(semaphore: string, cause: unknown) {
    super(
      `Semaphore ${quote(semaphore)} cannot be used: ${messageOf(cause)} Its queue is in TIDYPOOL_STATE_DIR, else in /tmp: name a local directory that is yours alone and has a short path.`,
      { cause },
    )
    this.semaphore = semaphore
  }
}

/** An option has a value that is not allowed. */
export class OptionError extends TidypoolError {
  readonly code = 'ERR_OPTION'
  /** Name of the option. */
  readonly option: string
  /** What was given. */
  readonly value: unknown
  /** What is allowed, in words. */
  readonly allowed: string

  constructor(option: string, value: unknown, allowed: string, options?: ErrorOptions) {
    super(`Option ${option} is ${show(value)}; allowed is ${allowed}.`, options)
    this.option = option
    this.value = value
    this.allowed = allowed
  }
}

function leakLine({ what, sinceMs, where }: Leak): string {
  const since = sinceMs === undefined ? '' : `, since ${Math.round(sinceMs)} ms after the start`
  return `${what}${since}${where === undefined ? '' : `, from ${where}`}`
}

function quote(name: string): string {
  return JSON.stringify(name)
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'an array' : 'an object'
  }
  return String(value)
}

function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function describeReason(reason: unknown): string {
  if (reason === undefined) return ''
  return `: ${reason instanceof Error ? reason.message : show(reason)}`
}
