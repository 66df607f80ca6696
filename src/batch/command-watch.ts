/**
 * Watches one command that may be stuck: it is when it has run for `afterMs`, and told again at doubling times. Half way to
 * each its processes are looked at, so that the processor time since then tells computing from waiting.
 */
import { PauseClock } from '../executor/pause-clock.ts'
import { familyOf } from '../os/children.ts'
import { readStat, type ProcessStat } from '../os/process-identity.ts'
import { describeThread, readProcess } from '../os/thread-state.ts'
import { monotonicMs } from '../worker/marks.ts'
import type { StuckInput, StuckPolicy } from './stuck-input.ts'

/** Processes that are described; the rest is counted. */
const MAX_SHOWN = 10
const LONGEST_TIMER_MS = 2 ** 31 - 1
const COMPUTING_SHARE = 0.2

export type StuckCommand = Pick<StuckInput, 'pid' | 'forMs' | 'why' | 'told' | 'details'>

const clock = new PauseClock()

/** @returns what stops it. */
export function watchCommand(
  pid: number,
  { afterMs }: Pick<StuckPolicy, 'afterMs'>,
  onStuck: (found: StuckCommand) => void,
): () => void {
  const endUse = clock.use()
  const startedAtMs = monotonicMs()
  let timer: NodeJS.Timeout | undefined
  let dueMs = afterMs
  let told = 0
  let look: { readonly atMs: number; readonly cpuMs: number } | undefined
  const ranMs = (): number => monotonicMs() - startedAtMs - clock.pausedMsSince(startedAtMs)
  const wait = (untilMs: number): void => {
    const ms = Math.min(Math.max(1, untilMs - ranMs()), LONGEST_TIMER_MS)
    timer = setTimeout(check, ms).unref()
  }
  const check = (): void => {
    const halfMs = told === 0 ? dueMs / 2 : 0.75 * dueMs
    if (ranMs() < halfMs) return wait(halfMs)
    const processes = processesOf(pid)
    look ??= { atMs: monotonicMs(), cpuMs: cpuOf(processes) }
    if (ranMs() < dueMs) return wait(dueMs)
    const share = (cpuOf(processes) - look.cpuMs) / Math.max(1, monotonicMs() - look.atMs)
    const doing = share >= COMPUTING_SHARE ? 'computing' : 'waiting'
    const why = `${doing}, ${Math.max(0, Math.round(100 * share))} % of a processor`
    told += 1
    dueMs *= 2
    look = undefined
    onStuck({ pid, forMs: ranMs(), why, told, details: described(processes) })
    wait(0.75 * dueMs)
  }
  wait(afterMs / 2)
  return () => {
    clearTimeout(timer)
    endUse()
  }
}

function processesOf(pid: number): ProcessStat[] {
  const command = readStat(pid)
  return command ? [command, ...(familyOf(pid).descendants ?? [])] : []
}

/** Of those that are there, in milliseconds: one that ends takes its time with it. */
function cpuOf(processes: readonly ProcessStat[]): number {
  return processes.reduce((sum, { pid }) => sum + (readProcess(pid)?.cpuMs ?? 0), 0)
}

function described(processes: readonly ProcessStat[]): string | undefined {
  if (processes.length === 0) return undefined
  const more = processes.length - MAX_SHOWN
  return [
    ...processes
      .slice(0, MAX_SHOWN)
      .map(({ pid, name }) => `    process ${pid} (${name}): ${describeThread({ pid, tid: pid })}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ].join('\n')
}
