/**
 * Ends a command in every way, at random moments, and sees what each end leaves.
 *
 * First it runs once to its normal end in each mode: that is how long it takes, and in that time the moments are drawn. Then
 * round by round every way, bare and under `exec` by turns, at the same moments. Trials follow one another: what one leaves is
 * counted and removed before the next.
 */
import { holdScope, type Scope } from '../lifetime/scope.ts'
import { drawAll } from './draws.ts'
import { whyNotPrivate } from './private-objects.ts'
import { runTrial, type Mode, type Trial, type TrialPlan } from './trial.ts'
import type { Way } from './way.ts'
import { normalEnd } from './ways/normal-end.ts'

export interface ProvePlan {
  readonly words: readonly string[]
  /** `tidypool exec --`, as it is started here. */
  readonly execWords: readonly string[]
  readonly modes: readonly Mode[]
  readonly ways: readonly Way[]
  /** How often each way is tried in each mode. */
  readonly times: number
  readonly seed: number
  /** A command that runs longer is ended within its first so many milliseconds. */
  readonly withinMs: number
  /** How long the command may take to end, when it has been told to and its normal time is over. */
  readonly graceMs: number
  readonly settleMs: number
  /** False: the runs share `/dev/shm` and System V objects with the machine, and are watched. */
  readonly isPrivate: boolean
}

/** A normal run. */
export interface Measured {
  readonly mode: Mode
  readonly wallMs: number
  /** It did not end by itself in time. */
  readonly isLong: boolean
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly lastLines: readonly string[]
}

/** What can be said before the first trial. */
export interface Outlook {
  readonly trials: number
  /** About how long they take, in milliseconds. */
  readonly estimateMs: number
  readonly measured: readonly Measured[]
  /** Ways that are left out, with the reason. */
  readonly notRun: readonly NotRun[]
  /** How objects are known to be a run's. */
  readonly attribution: 'private' | 'watched'
  /** Why not private. */
  readonly attributionReason: string | undefined
}

export interface NotRun {
  readonly way: string
  readonly reason: string
}

export interface Proof extends Outlook {
  readonly ways: readonly Way[]
  readonly modes: readonly Mode[]
  readonly done: readonly Trial[]
  readonly isInterrupted: boolean
  readonly wallMs: number
}

export interface ProveEvents {
  onOutlook(outlook: Outlook): void
  onTrial(trial: Trial): void
}

/** `exec` gives what is left its `--kill-after` of five seconds, and looks twice. */
const execWindowMs = 7000
/** A trial's start, its looks and its end, beside the time of the command. */
const overheadMs = 150

/** @param interrupted  Ends the trial that runs, and gives back what there is. */
export async function prove(
  plan: ProvePlan,
  events: ProveEvents,
  interrupted: AbortSignal,
): Promise<Proof> {
  const startedAt = performance.now()
  const hold = holdScope(`prove ${plan.words[0] ?? ''}`)
  try {
    const attributionReason = plan.isPrivate ? whyNotPrivate() : 'it was not wanted'
    const isPrivate = attributionReason === undefined
    const measured = await measure(hold.scope, plan, isPrivate, interrupted)
    const notRun = leftOut(plan.ways, measured)
    const ways = plan.ways.filter(({ id }) => !notRun.some(({ way }) => way === id))
    const trials = plansOf({ ...plan, ways }, measured, isPrivate)
    const outlook: Outlook = {
      trials: trials.length,
      estimateMs: estimate(trials, measured, plan),
      measured,
      notRun,
      attribution: isPrivate ? 'private' : 'watched',
      attributionReason,
    }
    if (!interrupted.aborted) events.onOutlook(outlook)
    const done = await runAll(hold.scope, trials, events, interrupted)
    return {
      ...outlook,
      ways,
      modes: plan.modes,
      done,
      isInterrupted: interrupted.aborted,
      wallMs: performance.now() - startedAt,
    }
  } finally {
    hold.release()
  }
}

async function measure(
  scope: Scope,
  plan: ProvePlan,
  hasPrivateObjects: boolean,
  interrupted: AbortSignal,
): Promise<readonly Measured[]> {
  const measured: Measured[] = []
  for (const mode of plan.modes) {
    const trial = await runTrial(
      scope,
      {
        way: normalEnd,
        mode,
        words: wordsIn(plan, mode),
        draw: { moment: 0, choice: 0 },
        momentMs: 0,
        endWindowMs: plan.withinMs,
        settleMs: 0,
        hasPrivateObjects,
      },
      interrupted,
    )
    if (!trial) break
    const { wallMs, outcome, exitCode, signal, lastLines } = trial
    measured.push({
      mode,
      wallMs: Math.min(wallMs, plan.withinMs),
      isLong: outcome === 'did not end',
      exitCode,
      signal,
      lastLines,
    })
  }
  return measured
}

function leftOut(ways: readonly Way[], measured: readonly Measured[]): NotRun[] {
  return ways.flatMap((way) => {
    const lack = way.lack?.()
    if (lack !== undefined) return [{ way: way.id, reason: lack }]
    const isEndless = !way.atRandomMoment && measured.some(({ isLong }) => isLong)
    return isEndless ? [{ way: way.id, reason: 'the command does not end by itself in time' }] : []
  })
}

function plansOf(
  plan: ProvePlan,
  measured: readonly Measured[],
  hasPrivateObjects: boolean,
): TrialPlan[] {
  return drawAll(plan.seed, plan.times).flatMap((draws) =>
    plan.ways.flatMap((way) =>
      measured.map(({ mode, wallMs }): TrialPlan => {
        const draw = draws.get(way.id) ?? { moment: 0, choice: 0 }
        const momentMs = way.atRandomMoment ? draw.moment * wallMs : 0
        return {
          way,
          mode,
          words: wordsIn(plan, mode),
          draw,
          momentMs,
          // Who passes over a signal ends at its normal time: that is an end as well.
          endWindowMs: wallMs - momentMs + plan.graceMs + (mode === 'exec' ? execWindowMs : 0),
          settleMs: plan.settleMs,
          hasPrivateObjects,
        }
      }),
    ),
  )
}

function wordsIn({ words, execWords }: ProvePlan, mode: Mode): readonly string[] {
  return mode === 'exec' ? [...execWords, ...words] : words
}

/** Bare, most ends leave something, and then it is waited for in vain. */
function estimate(
  trials: readonly TrialPlan[],
  measured: readonly Measured[],
  { settleMs }: ProvePlan,
): number {
  const normalMs = new Map(measured.map(({ mode, wallMs }) => [mode, wallMs]))
  return trials
    .map(
      ({ way, mode, momentMs }) =>
        overheadMs +
        (way.atRandomMoment
          ? momentMs + (mode === 'bare' ? settleMs / 2 : 0)
          : (normalMs.get(mode) ?? 0)),
    )
    .reduce((sum, ms) => sum + ms, 0)
}

async function runAll(
  scope: Scope,
  plans: readonly TrialPlan[],
  events: ProveEvents,
  interrupted: AbortSignal,
): Promise<Trial[]> {
  const done: Trial[] = []
  for (const plan of plans) {
    if (interrupted.aborted) break
    const trial = await runTrial(scope, plan, interrupted)
    if (!trial) break
    done.push(trial)
    events.onTrial(trial)
  }
  return done
}
