/** Folders that Python's libraries put into TMPDIR and that stay when their process is killed. */
import { readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { removeTree } from '../../os/remove-tree.ts'
import { keysOf, sharedMemoryObject, type SharedMemoryObject } from '../../os/shared-memory.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import {
  isSureEnough,
  lessSure,
  type Certainty,
  type Finding,
  type FixOutcome,
} from '../finding.ts'
import { ownerOf } from '../owner.ts'
import { statOf } from '../stat-of.ts'
import { judge, type Judgement } from '../unused.ts'
import { freshSight, look, usersBelow, usersOf, type Look } from '../uses.ts'

const name = 'temporary-folders'

/** multiprocessing's holds the sockets of its managers and of its fork server; joblib's is here when `/dev/shm` is small. */
const families = [
  { family: 'multiprocessing', pattern: /^pymp-[a-z0-9_]{8}$/ },
  { family: 'joblib', pattern: /^joblib_memmapping_folder_\d+_/ },
] as const

export const temporaryFolders: Check = {
  name,
  about: 'pymp-* and joblib folders in TMPDIR whose maker has ended',
  run(ground): CheckResult {
    const folders = candidates(ground.temporary)
    const findings: Finding[] = []
    const notJudged: string[] = []
    const below = usersBelow(
      folders.map((folder) => folder.path),
      ground.sight,
    )
    for (const folder of folders) {
      const judgement = judgeFolder(folder, look(folder.dev, ground.sight), below)
      if (judgement === 'hidden') {
        notJudged.push(
          `${folder.path}: of user ${ownerOf(folder.uid).user}, whose processes are closed to us`,
        )
      } else if (judgement !== 'held') findings.push(findingOf(folder, judgement, ground))
    }
    const looked = `${folders.length} folders of Python in ${ground.temporary}`
    return { findings, looked, notJudged }
  },
}

interface Folder extends SharedMemoryObject {
  readonly library: string
}

function candidates(temporary: string): Folder[] {
  return namesIn(temporary).flatMap((entry): Folder[] => {
    const found = families.find(({ pattern }) => pattern.test(entry))
    const object = found && sharedMemoryObject(path.join(realpathSync(temporary), entry))
    return object?.kind === 'folder' ? [{ ...object, library: found?.family ?? '' }] : []
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no such TMPDIR, or closed to us: nothing of ours is in it
  }
}

function judgeFolder(
  folder: Folder,
  { users, ...seen }: Look,
  below: ReadonlyMap<string, readonly number[]>,
): Judgement {
  const suspect = { ...folder, device: folder.dev, isAlwaysUsed: false }
  const all = [...usersOf(keysOf(folder), users), ...(below.get(folder.path) ?? [])]
  const judgement = judge(suspect, all, seen)
  if (typeof judgement === 'string') return judgement
  // Unlike a tmpfs for shared memory, a disk may be another machine's too, or outlive this boot: numbers then say little.
  return { ...judgement, certainty: lessSure(judgement.certainty, 'likely') }
}

function findingOf(
  folder: Folder,
  { certainty, why }: Exclude<Judgement, string>,
  { nowMs }: Ground,
): Finding {
  return {
    check: name,
    kind: 'directories',
    what: `of ${folder.library}, ${why}`,
    name: folder.path,
    bytes: folder.bytes,
    ageMs: Math.max(0, nowMs - folder.changedAtMs),
    owner: ownerOf(folder.uid),
    certainty,
    remedy: `rm -r ${folder.path}`,
    fix: certainty === 'unknown' ? undefined : async () => await remove(folder, certainty),
  }
}

async function remove(folder: Folder, certainty: Certainty): Promise<FixOutcome> {
  const stat = statOf(folder.path)
  if (!stat) return 'gone'
  if (stat.ino !== folder.ino || stat.dev !== folder.dev || stat.ctimeMs !== folder.changedAtMs) {
    return { left: 'it has changed since it was looked at' }
  }
  const sight = freshSight()
  const judgement = judgeFolder(folder, look(folder.dev, sight), usersBelow([folder.path], sight))
  if (judgement === 'hidden' || judgement === 'held') return { left: 'it is in use now' }
  if (certainty !== 'unknown' && !isSureEnough(judgement.certainty, certainty)) {
    return { left: `it is less sure now: ${judgement.why}` }
  }
  const outcome = await removeTree(folder.path, { dev: BigInt(stat.dev), ino: BigInt(stat.ino) })
  return outcome === 'gone' ? 'fixed' : { left: 'something else is in its place' }
}
