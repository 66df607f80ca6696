/** Which scopes of tidypool are known here, living and dead: by journals, and by guardians that wait for their owner's end. */
import { readCookies } from '../lifetime/cookies.ts'
import { rootName } from '../lifetime/journal-format.ts'
import { listJournals, type JournalFile } from '../lifetime/journal-reader.ts'
import { existingStateDirectories } from '../lifetime/state-directory.ts'
import type { ProcessStat } from '../os/process-identity.ts'
import { readArguments, readInitialEnvironment } from '../os/process-table.ts'
import type { Sight } from './sight.ts'

/** A process that carries cookies: it descends from the owners of these scopes. */
export interface Carrier {
  readonly stat: ProcessStat
  /** As they are in its environment. */
  readonly cookies: readonly string[]
  /** The scopes of these cookies, outermost first. */
  readonly scopes: readonly string[]
}

export interface KnownScopes {
  /** Every journal of our user, also those of other containers and of other state directories that running programs name. */
  readonly journals: readonly JournalFile[]
  /** Scopes whose owner is known to have ended, and that nobody is cleaning up at this moment. */
  readonly dead: ReadonlySet<string>
  /** Scopes whose owner lives, may live, or is being cleaned up after. */
  readonly live: ReadonlySet<string>
  readonly carriers: readonly Carrier[]
}

export function knownScopes({ processes }: Sight): KnownScopes {
  const carriers = processes.flatMap((stat): Carrier[] => {
    const cookies = readCookies(stat.pid) ?? []
    const scopes = cookies.flatMap((cookie) => scopeOf(cookie) ?? [])
    return scopes.length > 0 ? [{ stat, cookies, scopes }] : []
  })
  const journals = [...listJournals([...stateDirectories(carriers)])]
  const guarded = new Set(processes.flatMap(guardedScope))
  const dead = new Set<string>()
  const live = new Set(guarded)
  for (const { name, standing } of journals) {
    if (!name) continue
    if (standing === 'dead' && !guarded.has(name.scope)) dead.add(name.scope)
    else live.add(name.scope)
  }
  return { journals, dead, live, carriers }
}

/** Whether anything that is known speaks of the scope whose directories and groups have this name: a journal of any standing, a guardian, a process with its cookie. */
export function isKnown(wanted: string, { journals, live, carriers }: KnownScopes): boolean {
  const scopes = [
    ...live,
    ...journals.flatMap(({ name }) => name?.scope ?? []),
    ...carriers.flatMap((carrier) => carrier.scopes),
  ]
  return scopes.some((scope) => rootName(scope) === wanted)
}

/** A cookie is the scope's id, and for all but threads a full stop and the number of what was started. */
function scopeOf(cookie: string): string | undefined {
  return /^([0-9a-f]{32})(?:\.\d+)?$/.exec(cookie)?.[1]
}

/** Ours, and those of the programs that run: a living owner may keep its journal where its environment says, not ours. */
function stateDirectories(carriers: readonly Carrier[]): ReadonlySet<string> {
  const found = new Set(existingStateDirectories())
  for (const { stat } of carriers) {
    const env = Object.fromEntries(
      readInitialEnvironment(stat.pid)
        .split('\0')
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    )
    for (const directory of existingStateDirectories(env)) found.add(directory)
  }
  return found
}

/** The scope that a guardian waits for. One that is stopped will not do its work: what it guards is as good as unguarded. */
function guardedScope({ pid, state }: ProcessStat): string[] {
  if (state === 'T') return []
  const words = readArguments(pid)
  const at = words.indexOf('tidypool-guardian')
  const scope = at >= 0 && words[at + 1] === 'guardian' ? words[at + 2] : undefined
  return scope === undefined ? [] : [scope]
}
