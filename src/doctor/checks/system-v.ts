/** System V segments, semaphore sets and queues whose processes have ended: they stay until somebody removes them. */
import { listSystemV, removeSystemV, type SystemVObject } from '../../os/system-v.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import { lessSure, type Certainty, type Finding, type FixOutcome } from '../finding.ts'
import { isOurs, ownerOf } from '../owner.ts'
import { surestOfUses, whoHas, type Sight } from '../sight.ts'

const name = 'system-v'

export const systemV: Check = {
  name,
  about: 'System V segments, semaphores and queues whose processes have ended',
  run(ground): CheckResult {
    const objects = listSystemV()
    const findings: Finding[] = []
    const notJudged: string[] = []
    for (const object of objects) {
      const verdict = judge(object, ground.sight)
      if (!isOurs(object) && !ground.sight.seesUses) {
        notJudged.push(`${nameOf(object)}: of user ${ownerOf(object.uid).user}`)
      } else if (verdict === 'no number') {
        notJudged.push(`${nameOf(object)}: the kernel does not say who made or used it`)
      } else if (verdict !== 'held') findings.push(findingOf(object, verdict, ground))
    }
    return { findings, looked: `${objects.length} System V objects`, notJudged }
  },
}

const words = { shm: 'segment', sem: 'semaphore set', msg: 'queue' } as const
const removeFlags = { shm: '-m', sem: '-s', msg: '-q' } as const

function nameOf({ kind, id }: SystemVObject): string {
  return `System V ${words[kind]} ${id}`
}

interface Verdict {
  readonly certainty: Certainty
  readonly why: string
}

/**
 * Never `certain`: such an object is made to outlive its processes. One with a key is found again by whoever knows the
 * key; one without is known by number alone, so that with its last process the knowledge of it has mostly gone, too.
 */
function judge(object: SystemVObject, sight: Sight): Verdict | 'held' | 'no number' {
  const { attached, changedAtMs } = object
  if (attached !== undefined && attached > 0) return 'held'
  const pids = [object.creatorPid, object.lastPid, object.lastReceiverPid].filter(
    (pid) => pid !== undefined,
  )
  if (pids.length === 0) return 'no number'
  // What has a later process's number counts as held: nothing but the number is known of those that used it.
  if (pids.some((pid) => whoHas(pid, changedAtMs, sight) !== 'nobody')) return 'held'
  const who =
    pids.length === 1
      ? `process ${pids[0]}, which is`
      : `processes ${[...new Set(pids)].join(' and ')}, which are`
  const ended = `nobody has it attached; of ${who} gone`
  if (object.key !== 0) {
    return { certainty: 'unknown', why: `${ended}; it has a key, by which it may be found again` }
  }
  return { certainty: lessSure('likely', surestOfUses(sight)), why: ended }
}

function findingOf(object: SystemVObject, { certainty, why }: Verdict, { nowMs }: Ground): Finding {
  return {
    check: name,
    kind: 'System V objects',
    what: why,
    name: nameOf(object),
    bytes: object.bytes,
    ageMs: Math.max(0, nowMs - object.changedAtMs),
    owner: ownerOf(object.uid),
    certainty,
    remedy: `ipcrm ${removeFlags[object.kind]} ${object.id}`,
    fix: certainty === 'unknown' ? undefined : () => remove(object),
  }
}

function remove(object: SystemVObject): FixOutcome {
  const now = listSystemV().find(({ kind, id }) => kind === object.kind && id === object.id)
  if (!now) return 'gone'
  const isUsed =
    (now.attached ?? 0) > 0 ||
    now.lastPid !== object.lastPid ||
    now.lastReceiverPid !== object.lastReceiverPid
  if (isUsed) return { left: 'it has been used since it was looked at' }
  const outcome = removeSystemV(object)
  if (outcome === 'removed') return 'fixed'
  return outcome === 'gone' ? 'gone' : { left: outcome.refused }
}
