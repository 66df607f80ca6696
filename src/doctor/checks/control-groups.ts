/** Control groups of commands that are over. Their names tell the scope; who could tell more was ended with it, as with a container. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { removeControlGroup } from '../../lifetime/control-group.ts'
import { controlHierarchies, groupMembers } from '../../os/control-groups.ts'
import { errorCode } from '../../os/process-identity.ts'
import { ifShown } from '../../os/shown.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import type { Finding, FixOutcome } from '../finding.ts'
import { ownerOf } from '../owner.ts'
import { isKnown, knownScopes } from '../scopes.ts'
import { statOf } from '../stat-of.ts'
import { freshSight } from '../uses.ts'

const name = 'control-groups'
/** A command enters its group within milliseconds; in a container that we do not see into it may be about to. */
const leastAgeMs = 60_000

export const controlGroups: Check = {
  name,
  about: 'empty control groups of tidypool that no journal names',
  run(ground): CheckResult {
    const roots = [...new Set(controlHierarchies().map(({ mountPoint }) => mountPoint))]
    const found = roots.flatMap((root) => [...groupsBelow(root)])
    return {
      findings: found.flatMap((folder) => findingOf(folder, ground) ?? []),
      looked: `${found.length} control groups of tidypool in ${roots.length} hierarchies`,
      notJudged: [],
    }
  },
}

/** Those of commands, each without the groups within it. */
function* groupsBelow(folder: string): Generator<string> {
  for (const entry of subgroups(folder)) {
    const group = path.join(folder, entry)
    if (/^tidypool-[0-9a-f]{12}$/.test(entry)) yield group
    else yield* groupsBelow(group)
  }
}

function subgroups(folder: string): string[] {
  return ifShown([], () => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function isEmpty(folder: string): boolean {
  return (
    groupMembers(folder).length === 0 &&
    subgroups(folder).every((entry) => isEmpty(path.join(folder, entry)))
  )
}

function findingOf(folder: string, { nowMs, scopes }: Ground): Finding | undefined {
  const stat = statOf(folder)
  if (!stat || nowMs - stat.mtimeMs < leastAgeMs) return undefined
  if (isKnown(path.basename(folder), scopes) || !isEmpty(folder)) return undefined
  return {
    check: name,
    kind: 'control groups',
    what: 'no process is in it, and no journal, guardian or process of its scope is known',
    name: folder,
    bytes: undefined,
    ageMs: nowMs - stat.mtimeMs,
    owner: ownerOf(stat.uid),
    // The kernel removes none that a process is in.
    certainty: 'certain',
    remedy: `rmdir ${folder}`,
    fix: () => remove(folder),
  }
}

function remove(folder: string): FixOutcome {
  if (!statOf(folder)) return 'gone'
  if (isKnown(path.basename(folder), knownScopes(freshSight()))) return { left: 'it is in use now' }
  try {
    removeControlGroup(folder)
    return 'fixed'
  } catch (error) {
    if (errorCode(error) === 'EBUSY') return { left: 'a process is in it now' }
    throw error
  }
}
