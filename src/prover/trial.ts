/**
 * One trial: the command is started, brought to its end in one way, and looked at from outside.
 *
 * ```
 *   gate opens ──moment──▶ the end ──the command has ended──▶ nobody is left, or settleMs is over ──▶ count ──▶ remove
 *                             └──endWindowMs──▶ it did not end: nothing is counted ────────────────────────────▲
 * ```
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scope } from '../lifetime/scope.ts'
import { isSame } from '../os/process-identity.ts'
import type { Draw } from './draws.ts'
import { LeakWarnings } from './leak-warnings.ts'
import type { Leftover } from './leftover.ts'
import { LiveTrial } from './live-trial.ts'
import type { ObjectWatch } from './object-watch.ts'
import { PrivateObjects } from './private-objects.ts'
import { startTrial } from './start-trial.ts'
import { TrialFolder } from './trial-folder.ts'
import { WatchedObjects } from './watched-objects.ts'
import type { Way } from './way.ts'

export type Mode = 'bare' | 'exec'

export interface TrialPlan {
  readonly way: Way
  readonly mode: Mode
  /** The words to start: the command, behind `tidypool exec` in that mode. */
  readonly words: readonly string[]
  readonly draw: Draw
  /** When to bring the end about, in milliseconds after the start. */
  readonly momentMs: number
  /** How long the command may take to end, after the moment. */
  readonly endWindowMs: number
  /** How long what it leaves may take to go, when it has ended. */
  readonly settleMs: number
  /** Whether it gets a `/dev/shm` and an ipc namespace of its own. */
  readonly hasPrivateObjects: boolean
}

export interface Trial {
  readonly way: string
  readonly mode: Mode
  /** Absent where the end came by itself. */
  readonly momentMs?: number
  /** From the start to the end of the command. */
  readonly wallMs: number
  readonly outcome: Outcome
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly leakWarnings: number
  readonly left: readonly Leftover[]
  /** Objects that appeared meanwhile and nobody was seen to use. */
  readonly unattributed: number
  /** What could not be removed afterwards, and why. */
  readonly remains: readonly string[]
  /** What the command said last. */
  readonly lastLines: readonly string[]
}

/** `late`: the command had ended, or had no worker, when it was to be ended. `did not end`: it went on all the same. */
export type Outcome = 'ended' | 'late' | 'did not end'

/** By which who has lost its parents, its session and its cookie is found. */
const markVariable = 'TIDYPOOL_PROVE'
const pollMs = 10
/** Such a look goes through all processes and folders. */
const settlePollMs = 50
/** In the middle of an exec a process shows nothing by which it could be known. */
const desertedLooks = 4

/** @param interrupted  Ends the trial at once; then there is no result. */
export async function runTrial(
  scope: Scope,
  plan: TrialPlan,
  interrupted: AbortSignal,
): Promise<Trial | undefined> {
  using objects: ObjectWatch = plan.hasPrivateObjects ? new PrivateObjects() : new WatchedObjects()
  const folder = new TrialFolder(scope)
  try {
    const { way, mode } = plan
    const mark = randomBytes(8).toString('hex')
    const started = await startTrial(scope, {
      words: way.wrap?.(plan.words, plan.momentMs) ?? plan.words,
      env: { ...process.env, ...folder.environment, [markVariable]: mark },
      // A terminal has a keyboard, which is quiet; elsewhere there is nothing to read.
      stdio: way.isInTerminal ? ['pipe', 'pipe', 'pipe'] : ['ignore', 'ignore', 'pipe'],
      objects,
    })
    const { child } = started
    if (way.isInTerminal) child.stderr?.resume()
    // What a terminal shows, standard error is among it.
    const warnings = new LeakWarnings(way.isInTerminal ? child.stdout : child.stderr)
    const live = new LiveTrial(started, {
      objects,
      folder,
      mark: `${markVariable}=${mark}`,
      isExec: mode === 'exec',
      choice: plan.draw.choice,
    })
    try {
      const outcome = await bringToEnd(live, plan, interrupted)
      const { wallMs } = live
      const left = outcome === 'did not end' ? [] : await settle(live, plan.settleMs, interrupted)
      const unattributed = objects.unattributed()
      const remains = await live.clearAway()
      if (interrupted.aborted) return undefined
      return {
        way: way.id,
        mode,
        ...(way.atRandomMoment ? { momentMs: plan.momentMs } : {}),
        wallMs,
        outcome,
        exitCode: child.exitCode,
        signal: child.signalCode,
        leakWarnings: warnings.count,
        left,
        unattributed,
        remains,
        lastLines: warnings.lastLines,
      }
    } finally {
      await live.clearAway()
    }
  } finally {
    await folder.remove()
  }
}

async function bringToEnd(
  live: LiveTrial,
  { way, momentMs, endWindowMs }: TrialPlan,
  interrupted: AbortSignal,
): Promise<Outcome> {
  const wait = (isSo: () => boolean, limitMs: number): Promise<boolean> =>
    until(isSo, limitMs, interrupted)
  const hasExited = (): boolean => live.hasExited
  if (!way.atRandomMoment || !way.end) {
    const limitMs = (way.atRandomMoment ? momentMs : 0) + endWindowMs
    if (!(await wait(hasExited, limitMs))) return 'did not end'
    return way.atRandomMoment && live.wallMs < momentMs ? 'late' : 'ended'
  }
  if (await wait(hasExited, momentMs)) return 'late'
  // There may be no worker yet.
  let awaited = way.end(live)
  await wait(() => live.hasExited || (awaited ??= way.end?.(live)) !== undefined, endWindowMs)
  if (!awaited) return live.hasExited ? 'late' : 'did not end'
  const { pid, startTime } = awaited
  if (!(await wait(() => !isSame({ pid, startTime }), endWindowMs))) return 'did not end'
  // It has ended for the kernel; Node tells of it in a moment.
  if (pid === live.root.pid) await live.exit
  return 'ended'
}

/** Looks until nothing is left, or nobody is there any more who could take it away, or the time is over. */
async function settle(
  live: LiveTrial,
  settleMs: number,
  interrupted: AbortSignal,
): Promise<readonly Leftover[]> {
  let left: readonly Leftover[] = []
  let deserted = 0
  const isSettled = (): boolean => {
    left = live.left()
    deserted = left.some(({ group }) => group === 'processes') ? 0 : deserted + 1
    return left.length === 0 || deserted === desertedLooks
  }
  await until(isSettled, settleMs, interrupted, settlePollMs)
  return left
}

async function until(
  isSo: () => boolean,
  limitMs: number,
  interrupted: AbortSignal,
  everyMs = pollMs,
): Promise<boolean> {
  const startedAt = performance.now()
  while (!isSo()) {
    const remainingMs = limitMs - (performance.now() - startedAt)
    if (remainingMs <= 0 || interrupted.aborted) return false
    await delay(Math.min(everyMs, remainingMs), undefined, { signal: interrupted }).catch(() => {})
  }
  return true
}
