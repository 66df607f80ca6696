/**
 * Processes that are older than this one, and so descend from none of ours. They are most of a machine's, and are found while
 * workers are ending, when there is nothing else to do: after the end only the others are looked at.
 */
import { hasProc, readStat } from '../os/process-identity.ts'
import { runningProcesses } from '../os/process-table.ts'
import { readProcLine } from '../os/read-proc.ts'
import { cleanUpStep } from './events.ts'

/** So long a number is known to be the same process's: see `isGivenSoon`. */
const FRESH_MS = 50
/** More processes than start on any machine in that time. */
const SOON = 4096

let found: { readonly pids: ReadonlySet<number>; readonly atMs: number } | undefined
let planned: NodeJS.Immediate | undefined

/** Looks for them soon, once for all who ask in this turn. Call it when something was asked to end. */
export function findElders(): void {
  if (!hasProc()) return
  planned ??= setImmediate(() => {
    planned = undefined
    try {
      found = { pids: new Set(olderThanWe()), atMs: performance.now() }
    } catch (error) {
      cleanUpStep('processes not looked at', { error: String(error) }) // all of them are, later
    }
  })
}

/** Their numbers, as far as they are known now. */
export function elders(): ReadonlySet<number> {
  return found && performance.now() - found.atMs < FRESH_MS ? found.pids : new Set()
}

function* olderThanWe(): Generator<number> {
  const ownStart = Number(readStat(process.pid)?.startTime)
  const isSoon = isGivenSoon()
  for (const { pid, startTime } of runningProcesses())
    if (Number(startTime) < ownStart && !isSoon(pid)) yield pid
}

/**
 * Whether a number is one of the next that the kernel gives out, should its process end. It goes upwards from the last one, and after
 * the highest begins again: every other number takes longer to come back.
 */
function isGivenSoon(): (pid: number) => boolean {
  const last = Number(readProcLine('/proc/loadavg').trimEnd().split(' ').at(-1))
  const count = Number(readProcLine('/proc/sys/kernel/pid_max'))
  return (pid) => (pid - last + count) % count <= SOON
}
