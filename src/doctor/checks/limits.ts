/** Limits that will bite: what a pool of workers is refused when they are reached. */
import type { Check, CheckResult } from '../check.ts'
import type { Finding } from '../finding.ts'
import { measureControlGroups } from '../limits/control-groups.ts'
import { measureMachine } from '../limits/machine.ts'
import { measureUser } from '../limits/user.ts'
import { nearLimit, usedPart, type Measure } from '../measure.ts'

const name = 'limits'

export const limits: Check = {
  name,
  about: 'limits on processes, threads, open files, memory and /dev/shm that are nearly reached',
  run({ sharedMemory, sight }): CheckResult {
    const measures = [
      ...measureMachine(sharedMemory),
      ...measureUser(sight),
      ...measureControlGroups(),
    ].toSorted((one, other) => usedPart(other) - usedPart(one))
    const near = measures.filter((measure) => usedPart(measure) >= nearLimit)
    return {
      findings: near.map(findingOf),
      looked: `${measures.length} limits`,
      notJudged: [],
      measures,
    }
  },
}

function findingOf(measure: Measure): Finding {
  const percent = Math.floor(usedPart(measure) * 100)
  return {
    check: name,
    kind: 'limits',
    what: `${percent} % of it is used (${measure.where})`,
    name: measure.name,
    bytes: measure.unit === 'bytes' ? measure.used : undefined,
    ageMs: undefined,
    owner: undefined,
    // It was measured: nothing about it is a guess. To raise a limit is nobody's but the administrator's.
    certainty: 'certain',
    remedy: measure.remedy,
    fix: undefined,
  }
}
