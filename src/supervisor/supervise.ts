/**
 * Runs one command so that nothing of it stays.
 *
 * ```
 *   start ──▶ running ──the command exits──────────────────▶ ending what it left ──▶ report
 *                │                                                  ▲
 *                └──time-out: signal, killAfterMs, KILL, all of it──┘
 * ```
 *
 * When this process is killed meanwhile, guardian and death signal do the same from outside.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { PauseClock } from '../executor/pause-clock.ts'
import { cleanUpStep } from '../lifetime/events.ts'
import { holdScope, type Scope } from '../lifetime/scope.ts'
import type { ProcessEnd } from '../lifetime/stop.ts'
import { errorCode, isGoneError, readStat, type ProcessStat } from '../os/process-identity.ts'
import { summarize, type ProcessSummary } from '../os/process-table.ts'
import type { Containment } from './containment.ts'
import { awaitStragglers, endTree, type EndedProcess } from './end-tree.ts'
import type { IsolationName } from './isolation.ts'
import { Budget } from './budget.ts'
import { CommandObjects, type LeftObject, type ObjectPlan } from './left-objects.ts'
import type { LimitsReport } from './limits.ts'
import { ProcessTree } from './process-tree.ts'
import { ReapedTime } from './reaped-time.ts'
import { startCommand, type Command, type StartedCommand } from './start-command.ts'

export interface CommandPlan extends Command, Pick<ObjectPlan, 'temporaryDirectory'> {
  /** Undefined: no limit. Time in which this process was stopped does not count. */
  readonly timeoutMs: number | undefined
  /** When it aborts, the command is ended as by its time-out. */
  readonly endWhen?: AbortSignal
  /** Asks the processes to end. */
  readonly signal: NodeJS.Signals
  /** How long they have for it. */
  readonly killAfterMs: number
  /** What the command leaves is ended and removed; false: it is named and left. */
  readonly clean: boolean
  /** Processes whose name or command line one of these matches may stay. */
  readonly allow: readonly RegExp[]
}

/** A process that the command left running. */
export interface LeftProcess extends ProcessSummary {
  /** `allowed`: it may stay. `left`: it stays, though it should not. */
  readonly how: EndedProcess['how'] | 'allowed'
  readonly reason?: string
}

export interface CommandReport {
  readonly words: readonly string[]
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  readonly startedAt: string
  readonly wallMs: number
  /** Processor time of the command and its descendants, in milliseconds; undefined where it cannot be told from others'. */
  readonly processorMs: number | undefined
  /** The largest sum of resident memory that was seen, in bytes. */
  readonly peakBytes: number
  /** How many processes were seen. */
  readonly processes: number
  /** What kept its descendants together, and why not something better. */
  readonly containment: {
    readonly name: Containment['name'] | IsolationName
    readonly reason: string | undefined
  }
  /** What the limits did, where there are any. */
  readonly limits: LimitsReport | undefined
  /** What the time-out ended, or `endWhen`, the command among it. */
  readonly stopped: readonly EndedProcess[]
  /** What the command left when it had ended. */
  readonly left: readonly LeftProcess[]
  /** What it left besides. */
  readonly objects: readonly LeftObject[]
}

/** A command that runs under supervision. */
export interface Supervision {
  /** To read its output where `stdio` makes pipes. */
  readonly child: ChildProcess
  /** The command itself, whatever stands before it. */
  readonly pid: number
  /** Just before there was a process that a terminal could signal, by the clock of `performance.now()`. */
  readonly startedAtMs: number
  readonly leadsSession: boolean
  /** Passes a signal on to the command: to its group where it has one of its own. */
  forward(signal: NodeJS.Signals): void
  /** Whether the command is stopped (Ctrl-Z). */
  isStopped(): boolean
  /** Settles when nothing of the command is left, but for what the report names. */
  readonly report: Promise<CommandReport>
}

/** Who lives shorter than the pause between two looks may not be counted. */
const measureEveryMs = 200
const firstMeasureMs = 10
/** Looks take less than a hundredth of the time, however many processes there are, but for this much at the beginning. */
const looksMs = 60
const looksShare = 1 / 200
const longestTimerMs = 2 ** 31 - 1
/** How often what appears after all have ended is ended, too. */
const maxRounds = 3
/** How long the exit of a process may take that was killed, and is seen no more or cannot be ended. */
const stuckMs = 1000
/** Who sends these when the command has ended does not want to wait for what it left. */
const endsAtOnce: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])

/**
 * Starts a command and sees to its end.
 *
 * @throws {CommandStartError} it cannot be executed.
 */
export async function supervise(plan: CommandPlan): Promise<Supervision> {
  const hold = holdScope(`exec ${plan.words[0] ?? ''}`)
  try {
    const startedAt = new Date()
    const { started, objects } = await start(hold.scope, plan)
    const haste = new AbortController()
    const report = follow(started, objects, plan, startedAt, haste.signal).finally(() => {
      objects.close()
      hold.release()
    })
    const { pid } = started.inner?.identity ?? started.root
    return {
      child: started.child,
      pid,
      startedAtMs: started.startedAtMs,
      report,
      leadsSession: started.root.leadsSession,
      forward: (signal) => {
        if (!forward(started, signal) && endsAtOnce.has(signal)) haste.abort()
      },
      isStopped: () => readStat(pid)?.state === 'T',
    }
  } catch (error) {
    hold.release()
    throw error
  }
}

async function start(
  scope: Scope,
  plan: CommandPlan,
): Promise<{ readonly started: StartedCommand; readonly objects: CommandObjects }> {
  const objects = new CommandObjects(scope, plan)
  try {
    const started = await startCommand(scope, objects.env ? { ...plan, env: objects.env } : plan)
    return { started, objects }
  } catch (error) {
    await objects.abandon()
    throw error
  }
}

async function follow(
  started: StartedCommand,
  objects: CommandObjects,
  plan: CommandPlan,
  startedAt: Date,
  haste: AbortSignal,
): Promise<CommandReport> {
  const { root, containment, limited, inner } = started
  const isolation = inner?.name
  const startMs = performance.now()
  const reaped = new ReapedTime(started.child)
  const tree = new ProcessTree(root, containment)
  objects.follow(tree, root.pid)
  const isAllowed = (stat: ProcessStat): boolean =>
    stat.pid !== root.pid && isMatched(stat, plan.allow)
  const running = new AbortController()
  const exited = endOf(started).finally(() => running.abort())
  const measuring = measureUntil(tree, objects, running.signal)
  const timedOut = await isOverdue(plan.timeoutMs, anyOf(running.signal, plan.endWhen))
  const mustEnd = timedOut || (plan.endWhen?.aborted === true && !running.signal.aborted)
  if (mustEnd) objects.look()
  const stopped = mustEnd ? await endTree(tree, containment, { ...plan, isAllowed }) : []
  // One that cannot be ended (another user's, or stuck in the kernel) is not waited for.
  const isStuck = mustEnd && (await isOverdue(stuckMs, running.signal))
  const { exitCode, signal } = isStuck ? { exitCode: null, signal: null } : await exited
  if (isStuck) {
    running.abort()
    // What stands before it is ended below.
    if (!inner) started.child.unref()
  }
  const wallMs = performance.now() - startMs
  await measuring
  // What holds namespaces, or the command, goes on.
  if (!inner && !isStuck) await reaped.exited
  objects.look()
  await awaitStragglers(tree, isAllowed)
  const ended: EndedProcess[] = []
  let staying: readonly LeftProcess[] = []
  for (let round = 0; round < maxRounds; round++) {
    if (plan.clean) {
      const killAfterMs = haste.aborted ? 0 : plan.killAfterMs
      ended.push(...(await endTree(tree, containment, { ...plan, killAfterMs, isAllowed, haste })))
    }
    // The last look and the release without a pause in between: whose orphan somebody is may change with each command that
    // another one supervises has ended.
    staying = tree
      .look()
      .filter((stat) => !ended.some(({ pid }) => pid === stat.pid))
      .map((stat) => ({ ...summarize(stat), how: isAllowed(stat) ? 'allowed' : 'left' }))
    if (!plan.clean || staying.every(({ how }) => how === 'allowed')) break
  }
  if (isStuck && staying.every(({ pid }) => pid !== root.pid)) {
    // Another user's may be hidden from us (hidepid).
    const [name = ''] = plan.words
    const reason = 'it does not end, or cannot be killed by us'
    const { pid, startTime } = root
    staying = [
      ...staying,
      { pid, startTime, name, command: plan.words.join(' '), how: 'left', reason },
    ]
  }
  if (inner) {
    await inner.close()
    await reaped.exited
  }
  const reapedMs = reaped.stop()
  const processorMs = containment.processorMs() ?? reapedMs
  const limits = limited?.report()
  limited?.release()
  containment.release()
  // After that: what it removes it may have to start others for.
  const leftObjects = await (isolation ? objects.abandon() : objects.audit(staying))
  return {
    words: plan.words,
    exitCode,
    signal,
    timedOut,
    startedAt: startedAt.toISOString(),
    wallMs,
    processorMs,
    peakBytes: tree.peakBytes,
    processes: tree.seen,
    containment: isolation
      ? { name: isolation, reason: undefined }
      : { name: containment.name, reason: containment.reason },
    limits,
    stopped,
    left: [...ended, ...staying],
    objects: leftObjects,
  }
}

function anyOf(ended: AbortSignal, endWhen: AbortSignal | undefined): AbortSignal {
  return endWhen ? AbortSignal.any([ended, endWhen]) : ended
}

/** Looks now and then, since what a process used is gone with it. */
async function measureUntil(
  tree: ProcessTree,
  objects: CommandObjects,
  signal: AbortSignal,
): Promise<void> {
  const budget = new Budget(looksMs, looksShare)
  for (
    let pauseMs = firstMeasureMs;
    !signal.aborted;
    pauseMs = Math.min(2 * pauseMs, measureEveryMs)
  ) {
    // At first there is only what waits at the gate.
    await pause(Math.max(pauseMs, budget.waitMs()), signal)
    if (!signal.aborted) budget.spend(() => attempt(() => objects.see(tree.measure())))
  }
}

/** Without descriptors (EMFILE, ENFILE) nothing can be looked at; the command goes on, and the next look may see more. */
function attempt(look: () => void): void {
  try {
    look()
  } catch (error) {
    cleanUpStep('tree not looked at', { error: String(error) })
  }
}

/** Waits for the end of the command. @returns whether the time was over before. */
async function isOverdue(timeoutMs: number | undefined, ended: AbortSignal): Promise<boolean> {
  const clock = new PauseClock()
  const stop = clock.use()
  try {
    // Without a limit, this keeps the program alive all the same.
    let remainingMs = timeoutMs ?? Infinity
    for (const startedAt = performance.now(); remainingMs > 0 && !ended.aborted;) {
      await pause(Math.min(remainingMs, longestTimerMs), ended)
      remainingMs = (timeoutMs ?? Infinity) - (performance.now() - startedAt - clock.pausedMs)
    }
    return !ended.aborted
  } finally {
    stop()
  }
}

/** Never rejects: the signal only makes it shorter. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {})
}

/** How the command ended. Isolated or held, it is not the process that we started. */
async function endOf({ child, inner }: StartedCommand): Promise<ProcessEnd> {
  if (inner) return await inner.ended
  return await new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

/** @returns whether there was still a command to be signalled. */
function forward({ child, root, inner }: StartedCommand, signal: NodeJS.Signals): boolean {
  // Reaped: the number may be another's.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false
  const { pid, startTime } = inner?.identity ?? root
  if (inner && readStat(pid)?.startTime !== startTime) return false
  try {
    process.kill(root.leadsSession ? -pid : pid, signal)
  } catch (error) {
    // EPERM: sudo and its like run as another user. It is as if the command had been signalled directly.
    if (!isGoneError(error) && errorCode(error) !== 'EPERM') throw error
  }
  return true
}

function isMatched(stat: ProcessStat, allow: readonly RegExp[]): boolean {
  if (allow.length === 0) return false
  const { name, command } = summarize(stat)
  return allow.some((pattern) => pattern.test(name) || pattern.test(command))
}
