import { statSync, unlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isGoneError, isSame, readStat } from '../os/process-identity.ts'
import { removeTree } from '../os/remove-tree.ts'
import {
  keysOf,
  sharedMemoryObject,
  usersOfFiles,
  type SharedMemoryObject,
} from '../os/shared-memory.ts'
import type { AuditOptions, LeftObject } from './left-objects.ts'
import { visibleProcesses } from './object-search.ts'
import { doubtOf, type Evidence, type Sighting, type WatchedCommand } from './object-attribution.ts'
import type { ObjectWatch } from './object-watch.ts'

/** Another supervisor may be about to remove what its own command left. */
const othersCleanUpMs = 200
/** Removal may take its time, and somebody may have begun to use the rest meanwhile. */
const usesForMs = 100

/** Removes what the command left in `/dev/shm`; names what must stay, and what may be anybody's. */
export async function auditSharedMemory(
  command: WatchedCommand,
  watch: ObjectWatch,
  options: AuditOptions,
): Promise<LeftObject[]> {
  const found = watch.since(command)
  if (found.length === 0) return []
  const left: LeftObject[] = []
  const own = found.filter(({ owner }) => owner?.command === command)
  let uses: Uses | undefined
  for (const sighting of own) {
    if (!uses || performance.now() - uses.atMs > usesForMs) uses = usesNow()
    const reason = reasonToKeep(sighting, uses, options)
    const done = reason ?? (await remove(sighting))
    if (done !== 'gone') left.push({ ...describe(sighting), ...done, attributed: true })
  }
  return [...left, ...(await unknownObjects(command, watch))]
}

/** What appeared meanwhile, is of our user, and is used by nobody: perhaps its maker ended before it could be seen. */
async function unknownObjects(command: WatchedCommand, watch: ObjectWatch): Promise<LeftObject[]> {
  const unknown = (): Sighting[] =>
    watch.since(command).filter(({ owner, isReported, object }) => {
      return !owner && !isReported && object.uid === process.getuid?.()
    })
  if (unknown().length === 0) return []
  await delay(othersCleanUpMs)
  const found = unknown()
  if (found.length === 0) return []
  const uses = usesNow()
  return found.flatMap((sighting) => {
    const { object, strangers } = sighting
    const isUsed = uses.of(object).length > 0 || strangers.some(isSame)
    if (isUsed || uses.canBeHidden(object)) return []
    sighting.isReported = true
    const why = 'not attributed: nobody uses it, and its maker was not seen'
    return { ...describe(sighting), how: 'reported', why, attributed: false, leaked: false }
  })
}

type Verdict = Pick<LeftObject, 'how' | 'why' | 'leaked'>

interface Uses {
  readonly atMs: number
  /** Who has it mapped or open. */
  of(object: SharedMemoryObject): readonly number[]
  /** Whether a process may use it that does not show itself to us. */
  canBeHidden(object: SharedMemoryObject): boolean
}

function usesNow(): Uses {
  const atMs = performance.now()
  let isHidden = false
  const users = usersOfFiles(visibleProcesses(), {
    onHidden: (pid) => {
      isHidden ||= isOfAnotherUser(pid)
    },
  })
  return {
    atMs,
    of: (object) => [...new Set(keysOf(object).flatMap((key) => users.get(key) ?? []))],
    // Our own and root's could use anything; what is closed to others cannot be theirs.
    canBeHidden: ({ mode }) => isHidden && (mode & 0o066) !== 0,
  }
}

function isOfAnotherUser(pid: number): boolean {
  try {
    const { uid } = statSync(`/proc/${pid}`)
    return uid !== 0 && uid !== process.getuid?.()
  } catch (error) {
    if (isGoneError(error)) return false
    throw error
  }
}

function reasonToKeep(
  sighting: Sighting,
  uses: Uses,
  { clean, staying }: AuditOptions,
): Verdict | undefined {
  const { object, owner } = sighting
  const evidence = owner?.evidence
  if (!evidence) return undefined
  const keep = (why: string, leaked = false): Verdict => ({ how: 'reported', why, leaked })
  const [user] = uses.of(object)
  const stays = staying.find(({ pid }) => uses.of(object).includes(pid))
  if (stays)
    return keep(`in use by ${stays.name} (${stays.pid}), which stays`, stays.how !== 'allowed')
  if (user !== undefined)
    return keep(
      `in use by ${readStat(user)?.name ?? 'a process'} (${user}), which is not of the command`,
    )
  const maker = staying.find(({ pid }) => pid === evidence.process.pid)
  if (maker) return keep(`${explain(evidence)}, which stays`, maker.how !== 'allowed')
  const doubt = doubtOf(sighting)
  if (doubt !== undefined) return keep(`${explain(evidence)}, but ${doubt}`)
  if (uses.canBeHidden(object)) {
    return keep('processes of other users may use it, and do not show whether they do', true)
  }
  return clean ? undefined : keep(explain(evidence), true)
}

async function remove(sighting: Sighting): Promise<Verdict | 'gone'> {
  const { object, names, owner } = sighting
  const why = owner ? explain(owner.evidence) : ''
  let outcome: 'gone' | 'removed' = 'gone'
  try {
    for (const name of names) {
      const now = sharedMemoryObject(object.path.slice(0, -object.name.length) + name)
      if (now?.dev !== object.dev || now.ino !== object.ino) continue
      if (now.kind === 'folder')
        await removeTree(now.path, { dev: BigInt(now.dev), ino: BigInt(now.ino) })
      else unlinkSync(now.path)
      outcome = 'removed'
    }
  } catch (error) {
    if (isGoneError(error)) return 'gone'
    const reason = error instanceof Error ? error.message : String(error)
    return { how: 'reported', why: `${why}; it cannot be removed: ${reason}`, leaked: true }
  }
  return outcome === 'gone' ? 'gone' : { how: 'removed', why, leaked: true }
}

function explain({ how, process: { name, pid } }: Evidence): string {
  const words = { made: 'made by', named: 'named after', used: 'used by' }[how]
  return `${words} ${name} (${pid})`
}

function describe({ object }: Sighting): Pick<LeftObject, 'kind' | 'name' | 'bytes'> {
  const { family, kind, name, bytes } = object
  if (kind === 'semaphore') return { kind, name, bytes }
  return { kind: family === 'joblib' ? 'joblib folder' : 'shared memory', name, bytes }
}
