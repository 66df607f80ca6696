import { setTimeout as delay } from 'node:timers/promises'
import type { ProcessStat } from '../os/process-identity.ts'
import { summarize, type ProcessSummary } from '../os/process-table.ts'
import type { Containment } from './containment.ts'
import { signalSeen, type ProcessTree } from './process-tree.ts'

/** What happened to a process of the tree that did not end by itself. */
export interface EndedProcess extends ProcessSummary {
  /** `asked`: it ended when it was asked to. `killed`: it had to be. `left`: it stays, for the reason that is given. */
  readonly how: 'asked' | 'killed' | 'left'
  readonly reason?: string
}

export interface EndTreeOptions {
  /** What asks a process to end. */
  readonly signal: NodeJS.Signals
  /** How long it has for it, in milliseconds. */
  readonly killAfterMs: number
  /** Who may stay. */
  readonly isAllowed: (stat: ProcessStat) => boolean
  /** When it is aborted, the grace time is over. */
  readonly haste?: AbortSignal
}

/** Killed processes are gone in milliseconds; one that hangs in the kernel may stay for minutes. */
const killWindowMs = 5000
const pauseMs = { asking: 10, killing: 5 } as const
/** How long those may take who end with their command, but a little later: milliseconds, where nothing else runs. */
const stragglersMs = 500

/**
 * Waits for those who end by themselves when their command has: a resource tracker of Python's, say, which removes what the
 * program left when it sees the end of it. To call that a leak would be wrong for every program that uses one.
 */
export async function awaitStragglers(
  tree: ProcessTree,
  isAllowed: EndTreeOptions['isAllowed'],
): Promise<void> {
  const startedAt = performance.now()
  while (tree.measure().some((stat) => !isAllowed(stat))) {
    if (performance.now() - startedAt > stragglersMs) return
    await delay(pauseMs.asking)
  }
}

/**
 * Ends a tree: asks each process, kills what is there after the grace time, and looks until nobody is seen. Those who fork
 * meanwhile are asked, or killed, like the rest.
 *
 * @returns what had to be ended, and what stays.
 */
export async function endTree(
  tree: ProcessTree,
  containment: Containment,
  options: EndTreeOptions,
): Promise<EndedProcess[]> {
  const found = new Map<string, EndedProcess>()
  const startedAt = performance.now()
  // Nobody twice in a row: in the middle of an exec a process shows no environment.
  for (let empty = 0; empty < 2;) {
    const all = tree.measure()
    const members = all.filter((stat) => !options.isAllowed(stat))
    // Of one that is isolated there is always somebody: what holds its namespaces.
    const isUnseen = all.length === 0 && !tree.isIsolated && containment.isPopulated()
    empty = members.length === 0 && !isUnseen ? empty + 1 : 0
    const waitedMs = performance.now() - startedAt
    if (waitedMs > options.killAfterMs + killWindowMs) {
      for (const stat of members) note(found, stat, 'left', 'it does not end when it is killed')
      break
    }
    const isKilling = waitedMs >= options.killAfterMs || options.haste?.aborted === true
    // In one step, where the kernel can, and nobody is in there that may stay.
    if (isKilling && (isUnseen || (members.length > 0 && members.length === all.length))) {
      containment.killAll()
    }
    for (const stat of members) {
      if (isKilling) end(found, stat, 'SIGKILL')
      else if (!found.has(keyOf(stat))) end(found, stat, options.signal)
    }
    if (empty === 0) await delay(isKilling ? pauseMs.killing : pauseMs.asking)
  }
  return [...found.values()]
}

function end(found: Map<string, EndedProcess>, stat: ProcessStat, signal: NodeJS.Signals): void {
  // Named before it is signalled: afterwards it may have no command line any more.
  note(found, stat, signal === 'SIGKILL' ? 'killed' : 'asked')
  signalSeen(stat, signal)
  // A stopped one does not hear it.
  if (signal !== 'SIGKILL' && stat.state === 'T') signalSeen(stat, 'SIGCONT')
}

function note(
  found: Map<string, EndedProcess>,
  stat: ProcessStat,
  how: EndedProcess['how'],
  reason?: string,
): void {
  const before = found.get(keyOf(stat))
  const summary = before ?? summarize(stat)
  found.set(keyOf(stat), { ...summary, how, ...(reason === undefined ? {} : { reason }) })
}

function keyOf({ pid, startTime }: ProcessStat): string {
  return `${pid}-${startTime}`
}
