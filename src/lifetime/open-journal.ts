import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { machineId, processWorld } from '../os/machine.ts'
import { privateDirectory } from '../os/private-directory.ts'
import { errorCode, readStat } from '../os/process-identity.ts'
import { outerScopes } from './cookies.ts'
import { warnOnce } from './events.ts'
import type { Guardian } from './guardian.ts'
import { Journal } from './journal.ts'
import { journalName, type JournalOwner } from './journal-format.ts'
import { stateChoices, type StateChoice } from './state-directory.ts'

/** A journal and the place that was found for it. */
export interface OpenJournal {
  readonly journal: Journal
  readonly choice: StateChoice
}

/**
 * Creates the journal in the first place where that works, with its guardian started before.
 *
 * @param startGuardian  Called with the path of the journal to be, or undefined when none can be had.
 */
export function openJournal(
  owner: JournalOwner,
  startGuardian: (path: string | undefined) => Guardian,
): { journal: OpenJournal | undefined; guardian: Guardian } {
  const refused: string[] = []
  for (const choice of stateChoices()) {
    const place = privateDirectory(choice.path, { parents: choice.explicit })
    if ('refused' in place) {
      refused.push(`${choice.path} (${choice.from}): ${place.refused}`)
      continue
    }
    const file = path.join(place.path, processWorld(), journalName(owner))
    const guardian = startGuardian(file)
    try {
      const journal = createIn(file, [
        `m ${machineId()}`,
        `o ${readStat(process.pid)?.tty ?? 0}`,
        ...outerScopes().map((scope) => `n ${scope}`),
      ])
      if (refused.length > 0) warnRefused(refused, choice)
      return { journal: { journal, choice }, guardian }
    } catch (error) {
      guardian.dismiss()
      refused.push(`${choice.path} (${choice.from}): ${String(error)}`)
    }
  }
  warnOnce(
    'TIDYPOOL_NO_JOURNAL',
    `tidypool can keep no journal, so what is left when its guardian is killed together with this process is not reclaimed at the next start. Tried: ${refused.join('; ')}. Set TIDYPOOL_STATE_DIR to a directory that is yours alone.`,
  )
  return { journal: undefined, guardian: startGuardian(undefined) }
}

function warnRefused(refused: readonly string[], choice: StateChoice): void {
  warnOnce(
    'TIDYPOOL_STATE_DIR',
    `tidypool keeps its journal in ${choice.path}, because it does not trust or cannot use ${refused.join('; ')}.`,
  )
}

/** Another scope removes the folder when it is the last one in it, which may be just now. */
function createIn(file: string, firstLines: readonly string[]): Journal {
  for (let attempt = 0; ; attempt++) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    try {
      return Journal.create(file, firstLines)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || attempt >= 20) throw error
    }
  }
}
