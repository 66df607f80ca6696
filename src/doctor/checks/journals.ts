/** Journals of owners that have ended together with their guardian: what they held is still there. */
import path from 'node:path'
import type { JournalFile } from '../../lifetime/journal-reader.ts'
import { isOfEarlierBoot, sweepJournals } from '../../lifetime/sweep.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import type { Finding, FixOutcome } from '../finding.ts'
import { ownerOf } from '../owner.ts'
import { surestOfProcesses } from '../sight.ts'
import { statOf } from '../stat-of.ts'

const name = 'journals'

export const journals: Check = {
  name,
  about: 'journals of tidypool whose owner has ended: what it held is still there',
  run(ground): CheckResult {
    const { journals, dead } = ground.scopes
    const findings: Finding[] = []
    const notJudged: string[] = []
    let live = 0
    for (const journal of journals) {
      const isDead = journal.standing === 'dead' && dead.has(journal.name?.scope ?? '')
      if (isDead || (journal.standing === 'other-boot' && isOfEarlierBoot(journal))) {
        findings.push(...findingOf(journal, ground))
      } else if (journal.standing === 'live' || journal.standing === 'dead') live++
      else notJudged.push(`${journal.path}: ${reasons[journal.standing]}`)
    }
    const looked = `${journals.length} ${journals.length === 1 ? 'journal' : 'journals'}, ${live} in use`
    return { findings, looked, notJudged }
  },
}

const reasons = {
  'other-boot': 'of another machine, or of this one before it was started anew and not known to be',
  'other-namespace': 'of another container, whose process numbers mean nothing here',
  unknown: 'no journal of this version',
} as const

function findingOf(journal: JournalFile, { sight, nowMs }: Ground): Finding[] {
  const stat = statOf(journal.path)
  if (!stat) return []
  const why =
    journal.standing === 'dead'
      ? `its owner, process ${journal.name?.pid ?? '?'}, has ended, and so has its guardian`
      : 'its owner ran before this machine was started anew'
  return [
    {
      check: name,
      kind: 'journals',
      what: why,
      name: journal.path,
      bytes: stat.size,
      ageMs: Math.max(0, nowMs - stat.mtimeMs),
      owner: ownerOf(stat.uid),
      certainty: surestOfProcesses(sight),
      remedy:
        'end what it names and remove its directories, as the next program with tidypool does',
      fix: async () => await replay(journal.path),
    },
  ]
}

async function replay(file: string): Promise<FixOutcome> {
  if (!statOf(file)) return 'gone'
  const { failed } = await sweepJournals([file])
  if (failed.length > 0) return { left: `${failed.join(', ')} could not be removed` }
  return statOf(file) ? { left: `${path.basename(file)} is in use now` } : 'fixed'
}
