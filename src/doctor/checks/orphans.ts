/** Processes that carry the cookie of a scope whose owner is no more. */
import { setTimeout as delay } from 'node:timers/promises'
import { readCookies } from '../../lifetime/cookies.ts'
import {
  errorCode,
  isGoneError,
  isSame,
  readStat,
  type ProcessStat,
} from '../../os/process-identity.ts'
import { runningProcesses, summarize, userOf } from '../../os/process-table.ts'
import { residentBytes } from '../../os/process-usage.ts'
import type { Check, CheckResult } from '../check.ts'
import { lessSure, type Certainty, type Finding, type FixOutcome } from '../finding.ts'
import { ownerOf } from '../owner.ts'
import type { Carrier, KnownScopes } from '../scopes.ts'
import { startedMs, surestOfProcesses } from '../sight.ts'

const name = 'orphans'

export const orphans: Check = {
  name,
  about: 'processes that a program with tidypool started and left when it ended',
  run({ sight, scopes, nowMs }): CheckResult {
    const relatives = ancestorsOf(process.pid)
    const findings: Finding[] = []
    const notJudged = sight.seesProcesses ? [] : [`what is not seen: ${sight.reasons.join('; ')}`]
    for (const carrier of scopes.carriers) {
      const { stat } = carrier
      const verdict = relatives.has(stat.pid) ? 'owned' : judge(carrier, scopes)
      const uid = userOf(stat.pid)
      // An owner that ends in peace takes its journal away after its processes: one that has gone by now was owned.
      if (verdict === 'owned' || uid === undefined || !isSame(stat)) continue
      const named = `process ${stat.pid} (${summarize(stat).command || stat.name})`
      if ('owner' in verdict) {
        notJudged.push(`${named}: no owner is known, but ${verdict.owner} started it and lives`)
        continue
      }
      findings.push({
        check: name,
        kind: 'processes',
        what: verdict.why,
        name: named,
        bytes: residentBytes(stat.pid),
        ageMs: Math.max(0, nowMs - startedMs(stat)),
        owner: ownerOf(uid),
        certainty: lessSure(verdict.certainty, surestOfProcesses(sight)),
        remedy: `kill ${stat.pid}`,
        fix: async () => await endWithHeirs(carrier),
      })
    }
    const looked = `${sight.processes.length} processes, ${scopes.carriers.length} of them started through tidypool`
    return { findings, looked, notJudged }
  },
}

interface Verdict {
  readonly certainty: Certainty
  readonly why: string
}

/** `owned`: its owner lives, or may live. `owner`: who seems to be it, though nothing but its place says so. */
function judge(
  { stat, cookies, scopes }: Carrier,
  { dead, live }: KnownScopes,
): Verdict | 'owned' | { readonly owner: string } {
  const isOfDead = scopes.some((scope) => dead.has(scope))
  if (!isOfDead && scopes.some((scope) => live.has(scope))) return 'owned'
  // Without a journal a living owner shows as the parent of the first of them.
  const parent = isOfDead ? undefined : firstStranger(stat, cookies)
  if (parent && !adopts(parent)) return { owner: `process ${parent.pid} (${parent.name})` }
  // The sweep spares it, too: somebody works there, or in a terminal that it holds (tmux, script, sshd).
  if (hasTerminal(stat))
    return { certainty: 'unknown', why: 'no owner of it lives, but it has a terminal' }
  return isOfDead
    ? { certainty: 'certain', why: 'the journal of its owner shows that it has ended' }
    : { certainty: 'likely', why: 'no owner is known; one that ended in peace may have left it' }
}

/** Whether it, or somebody below it, has a terminal. */
function hasTerminal(stat: ProcessStat): boolean {
  if (stat.tty !== 0) return true
  const below = new Set([stat.pid])
  const table = [...runningProcesses()]
  for (let before = 0; before !== below.size;) {
    before = below.size
    for (const { pid, ppid } of table) if (below.has(ppid)) below.add(pid)
  }
  return table.some(({ pid, tty }) => tty !== 0 && below.has(pid))
}

/** The first above it that does not carry what it carries. */
function firstStranger(stat: ProcessStat, cookies: readonly string[]): ProcessStat | undefined {
  const innermost = cookies.at(-1) ?? ''
  let above = readStat(stat.ppid)
  while (above && above.pid > 1 && (readCookies(above.pid) ?? []).includes(innermost)) {
    above = readStat(above.ppid)
  }
  return above
}

/** Whether the kernel gives it children that have lost their parent: process 1, and the one of a user's session. */
function adopts({ pid, name: short }: ProcessStat): boolean {
  return pid === 1 || short === 'systemd'
}

/** Ends it, and then what it starts while it ends: that carries the same, and nobody has been told of it. */
async function endWithHeirs(carrier: Carrier): Promise<FixOutcome> {
  if (hasTerminal(carrier.stat)) return { left: 'somebody has a terminal below it now' }
  const known = new Set(Array.from(runningProcesses(), keyOf))
  const uid = userOf(carrier.stat.pid)
  const outcome = await end(carrier)
  if (typeof outcome !== 'string') return outcome
  const deadline = performance.now() + killWindowMs
  while (performance.now() < deadline) {
    const heirs = [...runningProcesses()].filter(
      (stat) =>
        !known.has(keyOf(stat)) &&
        stat.tty === 0 &&
        userOf(stat.pid) === uid &&
        isSameCookies(readCookies(stat.pid), carrier.cookies),
    )
    if (heirs.length === 0) break
    for (const { pid } of heirs) send(pid, 'SIGKILL')
    await delay(pauseMs)
  }
  return outcome
}

function keyOf({ pid, startTime }: ProcessStat): string {
  return `${pid}-${startTime}`
}

function isSameCookies(now: readonly string[] | undefined, before: readonly string[]): boolean {
  return now?.join(':') === before.join(':')
}

/** How long one that is asked to end has for it. */
const graceMs = 2000
const killWindowMs = 2000
const pauseMs = 10

/** Asks, then kills. Only that very process, and only as long as it carries the same cookies. */
async function end({ stat, cookies }: Carrier): Promise<FixOutcome> {
  if (!isSame(stat)) return 'gone'
  const startedAt = performance.now()
  let asked = false
  while (isSame(stat)) {
    const waitedMs = performance.now() - startedAt
    if (waitedMs > graceMs + killWindowMs) return { left: 'it does not end when it is killed' }
    const now = readCookies(stat.pid)
    // In the middle of an exec, or of its end, it shows nothing: look again.
    if (now !== undefined && !isSameCookies(now, cookies)) {
      return { left: 'it is another program now' }
    }
    const signal = waitedMs > graceMs ? 'SIGKILL' : 'SIGTERM'
    if (now !== undefined && (!asked || signal === 'SIGKILL')) {
      const refused = send(stat.pid, signal)
      if (refused !== undefined) return { left: refused }
      // A stopped one does not hear it.
      if (!asked && stat.state === 'T') send(stat.pid, 'SIGCONT')
      asked = true
    }
    await delay(pauseMs)
  }
  return 'fixed'
}

function send(pid: number, signal: NodeJS.Signals): string | undefined {
  try {
    process.kill(pid, signal)
    return undefined
  } catch (error) {
    if (isGoneError(error)) return undefined
    if (errorCode(error) === 'EPERM') return 'it is another user’s'
    throw error
  }
}

function ancestorsOf(pid: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (let at = readStat(pid); at && !found.has(at.pid); at = readStat(at.ppid)) found.add(at.pid)
  return found
}
