import { leftoverGroups, type LeftoverGroup } from './leftover.ts'
import type { Proof } from './prove.ts'
import type { Mode, Outcome, Trial } from './trial.ts'

/** What one way has left in one mode. */
export interface Cell {
  readonly way: string
  readonly mode: Mode
  /** Those that ended in this way: only of them it can be said what it leaves. */
  readonly runs: number
  /** Those that went on, whatever they were told. */
  readonly didNotEnd: number
  /** Those that had ended by themselves before the moment. */
  readonly late: number
  readonly left: Readonly<Record<LeftoverGroup, Count>>
}

export interface Count {
  /** How many runs left some. */
  readonly runs: number
  /** The most that one of them left. */
  readonly most: number
  /** All of them together. */
  readonly total: number
}

/** What an operator's table says of a mode. */
export interface Monitoring {
  readonly mode: Mode
  readonly runs: number
  /** Lines on standard error in which Python complains of what it found. */
  readonly leakWarnings: number
  /** Runs that ended, by whatever, and left nothing. */
  readonly clean: number
  /** What would lie around by now, had it not been removed after each run. */
  readonly accumulated: Readonly<Record<LeftoverGroup, number>>
}

export function cells({ ways, modes, done }: Proof): readonly Cell[] {
  return ways.flatMap(({ id }) => modes.map((mode) => cellOf(id, mode, done)))
}

function cellOf(way: string, mode: Mode, done: readonly Trial[]): Cell {
  const trials = done.filter((trial) => trial.way === way && trial.mode === mode)
  const many = (wanted: Outcome): number =>
    trials.filter(({ outcome }) => outcome === wanted).length
  const ended = trials.filter(({ outcome }) => outcome === 'ended')
  return {
    way,
    mode,
    runs: ended.length,
    didNotEnd: many('did not end'),
    late: many('late'),
    left: byGroup((group) => count(ended, group)),
  }
}

export function monitoring({ modes, done }: Proof): readonly Monitoring[] {
  return modes.map((mode) => {
    const trials = done.filter((trial) => trial.mode === mode)
    return {
      mode,
      runs: trials.length,
      leakWarnings: trials.reduce((sum, { leakWarnings }) => sum + leakWarnings, 0),
      clean: trials.filter(isClean).length,
      accumulated: byGroup((group) => count(trials, group).total),
    }
  })
}

export function isClean({ outcome, left }: Trial): boolean {
  return outcome !== 'did not end' && left.length === 0
}

function count(trials: readonly Trial[], group: LeftoverGroup): Count {
  const counts = trials.map(({ left }) => left.filter((one) => one.group === group).length)
  return {
    runs: counts.filter((many) => many > 0).length,
    most: Math.max(0, ...counts),
    total: counts.reduce((sum, many) => sum + many, 0),
  }
}

function byGroup<T>(of: (group: LeftoverGroup) => T): Readonly<Record<LeftoverGroup, T>> {
  return Object.fromEntries(leftoverGroups.map((group) => [group, of(group)])) as Record<
    LeftoverGroup,
    T
  >
}
