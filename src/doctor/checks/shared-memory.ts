/** Semaphores, segments and folders in `/dev/shm` that Python's libraries made and that nobody uses any more. */
import { unlinkSync } from 'node:fs'
import { isGoneError } from '../../os/process-identity.ts'
import { removeTree } from '../../os/remove-tree.ts'
import {
  keysOf,
  listSharedMemory,
  sharedMemoryObject,
  type SharedMemoryObject,
} from '../../os/shared-memory.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import { isSureEnough, type Certainty, type Finding, type FixOutcome } from '../finding.ts'
import { ownerOf } from '../owner.ts'
import { judge, type Judgement } from '../unused.ts'
import { freshSight, look, usersOf, type Look } from '../uses.ts'

const name = 'shared-memory'

const kindOf = { semaphore: 'semaphores', segment: 'segments', folder: 'directories' } as const

export const sharedMemory: Check = {
  name,
  about: 'semaphores, segments and joblib folders in /dev/shm whose maker has ended',
  run(ground): CheckResult {
    const objects = listSharedMemory(ground.sharedMemory)
    const findings: Finding[] = []
    const notJudged: string[] = []
    for (const object of objects) {
      if (object.family === undefined || object.kind === 'other') {
        notJudged.push(`${object.path}: no library is known that gives such names`)
        continue
      }
      const judgement = judgeObject(object, look(object.dev, ground.sight))
      if (judgement === 'hidden') {
        notJudged.push(
          `${object.path}: of user ${ownerOf(object.uid).user}, whose processes are closed to us`,
        )
      } else if (judgement !== 'held') {
        findings.push(findingOf(object, object.kind, judgement, ground))
      }
    }
    return { findings, looked: `${objects.length} objects in ${ground.sharedMemory}`, notJudged }
  },
}

function judgeObject(object: SharedMemoryObject, { users, ...seen }: Look): Judgement {
  const suspect = {
    ...object,
    device: object.dev,
    // Python maps a semaphore as long as its object lives, and removes the name with it. A segment's maker may have
    // closed it, and joblib's opens its folder's files only while a task uses them.
    isAlwaysUsed: object.kind === 'semaphore',
  }
  return judge(suspect, usersOf(keysOf(object), users), seen)
}

function findingOf(
  object: SharedMemoryObject,
  kind: keyof typeof kindOf,
  { certainty, why }: Exclude<Judgement, string>,
  { nowMs }: Ground,
): Finding {
  return {
    check: name,
    kind: kindOf[kind],
    what: `of ${object.family ?? '?'}, ${why}`,
    name: object.path,
    bytes: object.bytes,
    ageMs: Math.max(0, nowMs - object.changedAtMs),
    owner: ownerOf(object.uid),
    certainty,
    remedy: `${kind === 'folder' ? 'rm -r' : 'rm'} ${object.path}`,
    fix: certainty === 'unknown' ? undefined : async () => await remove(object, certainty),
  }
}

/** Only what is still the same, and still nobody's as surely as before. */
async function remove(object: SharedMemoryObject, certainty: Certainty): Promise<FixOutcome> {
  const seen = look(object.dev, freshSight())
  const now = sharedMemoryObject(object.path)
  if (!now) return 'gone'
  const isSame =
    now.dev === object.dev &&
    now.ino === object.ino &&
    now.uid === object.uid &&
    now.kind === object.kind &&
    now.changedAtMs === object.changedAtMs
  if (!isSame) return { left: 'it has changed since it was looked at' }
  const judgement = judgeObject(now, seen)
  if (judgement === 'hidden' || judgement === 'held') return { left: 'it is in use now' }
  if (certainty !== 'unknown' && !isSureEnough(judgement.certainty, certainty)) {
    return { left: `it is less sure now: ${judgement.why}` }
  }
  if (object.kind === 'folder') {
    const outcome = await removeTree(object.path, { dev: BigInt(now.dev), ino: BigInt(now.ino) })
    return outcome === 'gone' ? 'fixed' : { left: 'something else is in its place' }
  }
  try {
    unlinkSync(object.path)
    return 'fixed'
  } catch (error) {
    if (isGoneError(error)) return 'gone'
    throw error
  }
}
