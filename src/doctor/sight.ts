/**
 * How far we can see. "Nobody uses it" is worth as much as the look that found nobody: processes of other users do not
 * show what they have mapped, hidepid hides them altogether, and what runs outside of a container is in no list here.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { bootTime, pidNamespace } from '../os/machine.ts'
import {
  errorCode,
  hasProc,
  isEndedState,
  isGoneError,
  readStat,
  type ProcessStat,
} from '../os/process-identity.ts'
import type { Certainty } from './finding.ts'

/** One look at all processes. */
export interface Sight {
  /** Those that run, threads of the kernel left out. Empty without `/proc`. */
  readonly processes: readonly ProcessStat[]
  /** Whether processes can be seen at all, and all of those of our pid namespace. */
  readonly seesProcesses: boolean
  /** Whether, besides, each shows what it uses, and none is outside of our pid namespace. */
  readonly seesUses: boolean
  /** What keeps us from seeing, for people. Empty when nothing does. */
  readonly reasons: readonly string[]
  /** Processes with numbers of their own (containers): a number in a name may be meant as theirs. */
  readonly foreign: readonly number[]
}

/** How sure one can be, at best, of what follows from processes and their numbers alone. */
export function surestOfProcesses(sight: Sight): Certainty {
  if (!hasProc()) return 'unknown'
  return sight.seesProcesses ? 'certain' : 'likely'
}

/** How sure one can be, at best, that nobody uses a thing. */
export function surestOfUses(sight: Sight): Certainty {
  if (!hasProc()) return 'unknown'
  return sight.seesUses ? 'certain' : 'likely'
}

/** The kernel gives this inode to the pid namespace of the machine itself (`PROC_PID_INIT_INO`), other numbers to containers. */
const initialPidNamespace = '4026531836'

export function lookAround(): Sight {
  if (!hasProc()) {
    const why =
      'there is no /proc here that shows our processes, so nothing can be said to be unused'
    return { processes: [], seesProcesses: false, seesUses: false, reasons: [why], foreign: [] }
  }
  const views = viewAll(allProcesses())
  const seen = [...views].filter(([, view]) => view !== 'gone')
  const processes = seen.map(([stat]) => stat)
  const foreign = seen.filter(([, view]) => view === 'foreign').map(([{ pid }]) => pid)
  const closed = seen.filter(([, view]) => view === 'closed').length
  const hides = isHiding()
  const isContainer = pidNamespace() !== initialPidNamespace
  const reasons = [
    ...(hides ? ['/proc hides the processes of other users (hidepid)'] : []),
    ...(closed > 0 ? [`what ${closed} of ${processes.length} processes use is closed to us`] : []),
    ...(isContainer ? ['this is a container: what runs outside of it is not seen'] : []),
  ]
  return {
    processes,
    seesProcesses: !hides,
    seesUses: reasons.length === 0,
    reasons,
    foreign,
  }
}

/** Who a process number belongs to that was written down when something was made. */
export type NumberNow =
  | 'nobody' // its process has ended
  | 'another' // a process has it that began later
  | 'perhaps its maker'

/** Times of start are given by a clock that was set: what is this close is not told apart. */
const clockToleranceMs = 3000

export function whoHas(pid: number, madeMs: number, sight: Sight): NumberNow {
  const stat = sight.processes.find((seen) => seen.pid === pid)
  if (!stat) return 'nobody'
  return startedMs(stat) > madeMs + clockToleranceMs ? 'another' : 'perhaps its maker'
}

/** Milliseconds since 1970 at which it began, as far as the clock has not been set since; `/proc` counts hundredths since boot. */
export function startedMs({ startTime }: Pick<ProcessStat, 'startTime'>): number {
  return bootTime() * 1000 + Number(startTime) * 10
}

/**
 * Whether a process with numbers of its own has the same file system mounted, so that a number in the name of a file
 * there may be meant as that process counts. Every container has a tmpfs of its own, unless it was given another's.
 */
export function isSharedWithForeign(device: number, { foreign }: Sight): boolean {
  const wanted = ` ${majorOf(device)}:${minorOf(device)} `
  const seen = new Set<string>()
  return foreign.some((pid) => {
    const namespace = linkOf(pid, 'ns/mnt')
    if (namespace !== undefined && seen.has(namespace)) return false
    if (namespace !== undefined) seen.add(namespace)
    const mounts = textOf(pid, 'mountinfo')
    return mounts === undefined || mounts.includes(wanted)
  })
}

function* allProcesses(): Generator<ProcessStat> {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = readStat(Number(entry))
    if (stat && !isOfKernel(stat)) yield stat
  }
}

/** A thread of the kernel uses no files. On the machine itself 2 is `kthreadd`, their parent; programs have a command line. */
function isOfKernel({ pid, ppid }: ProcessStat): boolean {
  if (pid !== 2 && ppid !== 2) return false
  return pidNamespace() === initialPidNamespace && textOf(pid, 'cmdline') === ''
}

type View = 'open' | 'closed' | 'foreign' | 'gone'

/** Looks at who is closed. */
const LOOKS = 5
const BETWEEN_LOOKS_MS = 20

/** A process that is just ending, or becoming another program, is closed to everybody for a moment: then there is another look. */
function viewAll(processes: Iterable<ProcessStat>): Map<ProcessStat, View> {
  const views = new Map(Array.from(processes, (stat) => [stat, viewNow(stat)]))
  for (let look = 1; look < LOOKS; look += 1) {
    const closed = [...views].filter(([, view]) => view === 'closed')
    if (closed.length === 0) break
    pause(BETWEEN_LOOKS_MS)
    for (const [stat] of closed) views.set(stat, viewNow(readStat(stat.pid) ?? stat))
  }
  return views
}

function viewNow(stat: ProcessStat): View {
  return isEndedState(stat.state) ? viewOfEnded(stat.pid) : viewOf(stat)
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** An ended process uses nothing; but its first thread may have ended before the others, and then it shows nothing of them. */
function viewOfEnded(pid: number): View {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1 ? 'closed' : 'gone'
  } catch {
    return 'gone' // it was reaped meanwhile
  }
}

function viewOf(stat: ProcessStat): View {
  const { pid } = stat
  try {
    // Who may open this one may read the others as well: the kernel asks the same question for all of them.
    closeSync(openSync(`/proc/${pid}/maps`, 'r'))
    const namespace = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0]
    return namespace === pidNamespace() ? 'open' : 'foreign'
  } catch (error) {
    if (isGoneError(error)) return 'gone'
    return isInit(stat) ? 'open' : 'closed'
  }
}

/**
 * The init of the machine is closed to everybody on some virtual machines, to their root too. It uses nothing that
 * Python's libraries make, so that this alone is no reason to doubt.
 */
function isInit({ pid, name }: ProcessStat): boolean {
  return pid === 1 && pidNamespace() === initialPidNamespace && !name.startsWith('python')
}

/** The user namespace of the machine itself (`PROC_USER_INIT_INO`): the root of another one is an ordinary user outside. */
const initialUserNamespace = 'user:[4026531837]'

function isHiding(): boolean {
  if (process.pid !== 1 && !readStat(1)) return true
  const isRoot = process.getuid?.() === 0 && linkOf('self', 'ns/user') === initialUserNamespace
  // The last mount there is the one that is seen.
  const mounts = [
    ...(textOf('self', 'mountinfo') ?? '').matchAll(
      /^\S+ \S+ \S+ \S+ \/proc .* - proc \S+ (.*)$/gm,
    ),
  ]
  return !isRoot && /\bhidepid=(?!0|off)/.test(mounts.at(-1)?.[1] ?? '')
}

function linkOf(pid: number | 'self', name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`)
  } catch {
    return undefined // it has ended, or is closed to us: the caller then looks without
  }
}

function textOf(pid: number | 'self', name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch (error) {
    // EINVAL: it is ending, and has no mounts any more.
    if (isGoneError(error) || errorCode(error) === 'EINVAL') return ''
    if (errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM') return undefined
    throw error
  }
}

function majorOf(device: number): number {
  return Math.floor(device / 0x100) & 0xfff
}

function minorOf(device: number): number {
  return (device & 0xff) + Math.floor(device / 0x10_0000) * 0x100
}
