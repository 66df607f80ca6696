import { setTimeout as delay } from 'node:timers/promises'
import { isGoneError, readStat, type ProcessStat } from '../os/process-identity.ts'
import { runningProcesses, summarize, type ProcessSummary } from '../os/process-table.ts'
import { readCookies } from './cookies.ts'
import { elders } from './elders.ts'
import { cleanUpStep } from './events.ts'
import type { Scope } from './scope.ts'
import type { OwnedIdentity } from './stop.ts'

/** What was left of a process after its exit. */
export interface Remains {
  /** Descendants in its session or group, which were ended. */
  readonly ended: readonly ProcessSummary[]
  /** Descendants that had left both: named, and left alive unless told otherwise. */
  readonly escaped: readonly ProcessSummary[]
}

/** A process killed just now is seen for some milliseconds more. */
const pauseMs = 5
/** How long we look for the end of what we killed; what is not gone then is reported all the same. */
const killWindowMs = 1000
/** A nested scope of the process ends its own processes within this time: they did not escape. */
const nestedWindowMs = 1000

/**
 * Ends what an ended process left in its session, and finds what left the session. Call it after the `exit` event, at once:
 * until the last member of a session has gone the kernel gives its number to nobody else.
 *
 * Found are descendants that carry the cookie; not those that cleared their environment, or that are another user's.
 */
export async function endRemains(
  scope: Scope,
  identity: OwnedIdentity,
  options: { escaped: 'report' | 'kill' },
): Promise<Remains> {
  const ended = new Map<string, ProcessSummary>()
  const escaped = new Map<string, ProcessSummary>()
  const startedAt = performance.now()
  for (;;) {
    const found = await look(identity)
    for (const stat of found.members) {
      noteOnce(ended, stat)
      kill(stat, identity.pid)
    }
    if (options.escaped === 'kill') {
      for (const stat of found.escaped) {
        noteOnce(escaped, stat)
        kill(stat, undefined)
      }
    }
    const waited = performance.now() - startedAt
    const isKilling =
      found.members.length > 0 || (options.escaped === 'kill' && found.escaped.length > 0)
    const isNestedEnding = found.escaped.some((stat) => isNested(stat, identity))
    if ((isKilling && waited < killWindowMs) || (isNestedEnding && waited < nestedWindowMs)) {
      await delay(pauseMs)
      continue
    }
    for (const stat of found.escaped) noteOnce(escaped, stat)
    break
  }
  scope.recordEnd(identity)
  const remains = { ended: [...ended.values()], escaped: [...escaped.values()] }
  if (ended.size > 0 || escaped.size > 0) {
    cleanUpStep('descendants of an ended process', {
      pid: identity.pid,
      scope: scope.id,
      ...remains,
    })
  }
  return remains
}

/**
 * Names what a worker thread's tasks left: a thread has no session, so nothing but the cookie tells whose a process is.
 *
 * @param cookie  What `nextEnvironment()` gave the thread.
 */
export async function findCarriers(cookie: string): Promise<readonly ProcessSummary[]> {
  const startedAt = performance.now()
  const since = Number(readStat(process.pid)?.startTime)
  for (;;) {
    const found: ProcessStat[] = []
    for (const stat of await processTable()) {
      if (stat.pid === process.pid || Number(stat.startTime) < since) continue
      if (carries(stat, { cookie })) found.push(stat)
    }
    const isNestedEnding = found.some((stat) => isNested(stat, { cookie }))
    if (isNestedEnding && performance.now() - startedAt < nestedWindowMs) await delay(pauseMs)
    else return found.map(summarize)
  }
}

interface Found {
  readonly members: readonly ProcessStat[]
  readonly escaped: readonly ProcessStat[]
}

// Several workers mostly end together: one look at the process table answers all that ask in one turn of the event loop.
let table: Promise<readonly ProcessStat[]> | undefined

function processTable(): Promise<readonly ProcessStat[]> {
  table ??= new Promise<void>((resolve) => {
    setImmediate(resolve)
  }).then(() => {
    table = undefined
    return [...runningProcesses(elders())]
  })
  return table
}

async function look(identity: OwnedIdentity): Promise<Found> {
  let isReused = false
  const members: ProcessStat[] = []
  const escaped: ProcessStat[] = []
  const since = Number(identity.startTime)
  for (const stat of await processTable()) {
    // Descendants are younger, so that most of a busy machine is passed over by one comparison.
    if (Number(stat.startTime) < since || stat.pid === process.pid) continue
    // The number was given to another process, so the session was empty: one of that number now is a stranger's.
    if (stat.pid === identity.pid) {
      isReused = true
      continue
    }
    if (stat.session === identity.pid || stat.pgrp === identity.pid) members.push(stat)
    else if (carries(stat, identity)) escaped.push(stat)
  }
  return { members: isReused ? [] : members, escaped }
}

function carries(stat: ProcessStat, { cookie }: Pick<OwnedIdentity, 'cookie'>): boolean {
  return cookie !== undefined && (readCookies(stat.pid)?.includes(cookie) ?? false)
}

/** Whether it belongs to a scope that was opened below the ended process: that one's guardian ends it. */
function isNested(stat: ProcessStat, { cookie }: Pick<OwnedIdentity, 'cookie'>): boolean {
  const cookies = readCookies(stat.pid) ?? []
  return cookie !== undefined && cookies.includes(cookie) && cookies.at(-1) !== cookie
}

function noteOnce(notes: Map<string, ProcessSummary>, stat: ProcessStat): void {
  const key = `${stat.pid}-${stat.startTime}`
  if (!notes.has(key)) notes.set(key, summarize(stat))
}

/** Signals only the process that was seen: start time and session are read again. */
function kill(seen: ProcessStat, session: number | undefined): void {
  const now = readStat(seen.pid)
  if (now?.startTime !== seen.startTime) return
  if (session !== undefined && now.session !== session && now.pgrp !== session) return
  try {
    process.kill(seen.pid, 'SIGKILL')
  } catch (error) {
    if (!isGoneError(error)) {
      cleanUpStep('process could not be killed', { pid: seen.pid, error: String(error) })
    }
  }
}
