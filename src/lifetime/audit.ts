import path from 'node:path'
import { accessSync, constants } from 'node:fs'
import { deathSignal } from '../os/death-signal.ts'
import { inheritedDescriptors } from '../os/inherited-descriptors.ts'
import { privateDirectory, reasonToRefuseParent } from '../os/private-directory.ts'
import { hasProc, readStat } from '../os/process-identity.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { listJournals, type JournalStanding } from './journal-reader.ts'
import { sharedState } from './state.ts'
import { existingStateDirectories, stateChoices } from './state-directory.ts'
import { readEndedLog } from './ended-log.ts'

/** A mechanism of clean-up here and now: what is in force, and why not the best. */
export interface Mechanism {
  readonly inForce: string
  /** Why it is not the first choice; undefined when it is. */
  readonly reason: string | undefined
}

/** What `audit()` found. Plain data, ready for `JSON.stringify`. */
export interface AuditReport {
  readonly platform: string
  readonly node: string
  readonly levels: {
    /** Level 4, ends a worker with its owner: `parent-death signal` or `watchdog thread`. */
    readonly tether: Mechanism
    /** Level 5, ends everything: `sh` or `none`. */
    readonly guardian: Mechanism
    /** Level 6, what the next start goes by: the directory of the journals, or `none`. */
    readonly journal: Mechanism
    /** How a process is told from a later one with its number: `/proc`, `ps` (start times to the second) or `none`. */
    readonly identity: Mechanism
    /** Whether processes that left their worker's session are found: `environment` or `none`. */
    readonly escaped: Mechanism
  }
  /** What this thread holds; undefined when nothing. */
  readonly scope:
    | {
        readonly id: string
        readonly holds: number
        readonly journal: string | undefined
        readonly guardianPid: number | undefined
      }
    | undefined
  /** Descriptors that every child of this process inherits because it was started with them. */
  readonly inheritedDescriptors: readonly number[]
  /** All journals: of living owners, of dead ones (`sweep()` takes them), and those that are left alone. */
  readonly journals: readonly AuditedJournal[]
  /** The last processes that were ended, or spared, by the cookie in their environment: time, what, pid, start, name. */
  readonly ended: readonly string[]
}

/** A journal as the report lists it. */
export interface AuditedJournal {
  readonly path: string
  readonly standing: JournalStanding
  /** Process number of the owner; undefined for a file that is no journal of this version. */
  readonly owner: number | undefined
}

/**
 * Says which level of clean-up is in force here, with the reason where it is not the best one, and what journals there are.
 * It changes nothing, starts no guardian, and its words are meant for people and for `doctor`.
 *
 * @returns plain data.
 * @example
 * import { audit } from 'tidypool'
 *
 * const { levels, journals } = audit()
 * for (const [name, { inForce, reason }] of Object.entries(levels)) console.log(name, inForce, reason ?? '')
 * console.log(journals.filter((journal) => journal.standing === 'dead').length, 'dead owners')
 */
export function audit(): AuditReport {
  const { scope } = sharedState()
  return {
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    levels: {
      tether: auditTether(),
      guardian: auditGuardian(),
      journal: auditJournal(),
      identity: auditIdentity(),
      escaped: auditScan(),
    },
    scope: scope && {
      id: scope.id,
      holds: scope.holds,
      journal: scope.journalPath,
      guardianPid: scope.guardianPid,
    },
    inheritedDescriptors: inheritedDescriptors(),
    journals: Array.from(listJournals(), ({ path: file, standing, name }) => ({
      path: file,
      standing,
      owner: name?.pid,
    })),
    ended: existingStateDirectories().flatMap(readEndedLog),
  }
}

function mechanism(inForce: string, reason?: string): Mechanism {
  return { inForce, reason }
}

function auditTether(): Mechanism {
  const { prefix, reason } = deathSignal()
  return prefix ? mechanism('parent-death signal') : mechanism('watchdog thread', reason)
}

function auditGuardian(): Mechanism {
  const { scope } = sharedState()
  const where = { env: process.env, cwd: undefined }
  if (scope && scope.guardianPid === undefined)
    return mechanism('none', 'it could not be started, or was ended too often')
  if (resolveCommand('/bin/sh', where)) return mechanism('sh')
  const other = resolveCommand('sh', where)
  return other
    ? mechanism('sh', `there is no /bin/sh: ${other}`)
    : mechanism('none', 'there is no sh')
}

function auditJournal(): Mechanism {
  const { scope } = sharedState()
  if (scope?.journalPath !== undefined) return mechanism(path.dirname(scope.journalPath))
  const refused: string[] = []
  for (const choice of stateChoices()) {
    const reason = reasonAgainst(choice.path)
    if (reason === undefined) {
      return mechanism(choice.path, refused.length === 0 ? undefined : refused.join('; '))
    }
    refused.push(`${choice.path} (${choice.from}): ${reason}`)
  }
  return mechanism('none', refused.join('; '))
}

/** Why no journal can be kept there; nothing is made to find out. */
function reasonAgainst(directory: string): string | undefined {
  try {
    accessSync(directory, constants.W_OK)
    const found = privateDirectory(directory, { make: false })
    return 'refused' in found ? found.refused : undefined
  } catch (error) {
    const parent = path.dirname(directory)
    try {
      accessSync(parent, constants.W_OK)
      return reasonToRefuseParent(parent)
    } catch {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

const noProc = '/proc is not mounted, or is that of another pid namespace'

function auditIdentity(): Mechanism {
  if (hasProc()) return mechanism('/proc')
  return process.platform === 'linux'
    ? mechanism('none', noProc)
    : mechanism('ps', 'there is no /proc')
}

function auditScan(): Mechanism {
  if (!hasProc()) return mechanism('none', noProc)
  if (process.pid !== 1 && !readStat(1)) {
    return mechanism('environment', 'processes of other users are hidden (hidepid)')
  }
  return mechanism('environment')
}
