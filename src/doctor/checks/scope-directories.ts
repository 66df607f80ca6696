/** Directories of scopes that no journal names: their owner could keep none, or it was lost. */
import { readdirSync, realpathSync, type Stats } from 'node:fs'
import path from 'node:path'
import { existingStateDirectories } from '../../lifetime/state-directory.ts'
import { fileIdentity, removeTree } from '../../os/remove-tree.ts'
import { keysOf, sharedMemoryObject } from '../../os/shared-memory.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import { lessSure, type Finding, type FixOutcome } from '../finding.ts'
import { isOurs, ownerOf } from '../owner.ts'
import { isKnown, knownScopes } from '../scopes.ts'
import { surestOfUses } from '../sight.ts'
import { statOf } from '../stat-of.ts'
import { freshSight, look, usersBelow, usersOf } from '../uses.ts'

const name = 'scope-directories'

export const scopeDirectories: Check = {
  name,
  about: 'temporary directories of tidypool that no journal names',
  run(ground): CheckResult {
    const places = [...new Set([ground.temporary, ...existingStateDirectories()])]
    const found = places.flatMap(directoriesIn)
    const findings = found.flatMap((directory) => {
      const stat = statOf(directory)
      if (!stat?.isDirectory() || isKnown(path.basename(directory), ground.scopes)) return []
      if (isUsed(directory, ground)) return []
      return [findingOf(directory, stat, ground)]
    })
    return {
      findings,
      looked: `${found.length} directories of tidypool in ${places.join(', ')}`,
      notJudged: [],
    }
  },
}

function directoriesIn(place: string): string[] {
  try {
    // The kernel names open files by their real path.
    const real = realpathSync(place)
    return readdirSync(real)
      .filter((entry) => /^tidypool-[0-9a-f]{12}$/.test(entry))
      .map((entry) => path.join(real, entry))
  } catch {
    return [] // no such place, or closed to us: nothing of ours is in it
  }
}

function isUsed(directory: string, { sight }: Pick<Ground, 'sight'>): boolean {
  const object = sharedMemoryObject(directory)
  if (!object) return false
  if ((usersBelow([directory], sight).get(directory) ?? []).length > 0) return true
  return usersOf(keysOf(object), look(object.dev, sight).users).length > 0
}

function findingOf(directory: string, stat: Stats, { sight, nowMs }: Ground): Finding {
  const identity = fileIdentity(directory)
  return {
    check: name,
    kind: 'directories',
    what: 'no journal, guardian or process of its scope is known, and nobody has a file in it open',
    name: directory,
    bytes: sharedMemoryObject(directory)?.bytes,
    ageMs: Math.max(0, nowMs - stat.mtimeMs),
    owner: ownerOf(stat.uid),
    certainty: isOurs(stat) ? lessSure('likely', surestOfUses(sight)) : 'unknown',
    remedy: `rm -r ${directory}`,
    fix:
      identity === undefined || !isOurs(stat)
        ? undefined
        : async (): Promise<FixOutcome> => {
            const now = freshSight()
            const isNeeded =
              isKnown(path.basename(directory), knownScopes(now)) ||
              isUsed(directory, { sight: now })
            if (isNeeded) return { left: 'it is in use now' }
            const outcome = await removeTree(directory, identity)
            return outcome === 'gone' ? 'fixed' : { left: 'something else is in its place' }
          },
  }
}
