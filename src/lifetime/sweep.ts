import { once } from 'node:events'
import { statSync, type BigIntStats } from 'node:fs'
import { text } from 'node:stream/consumers'
import { bootTime, machineId } from '../os/machine.ts'
import { isGoneError } from '../os/process-identity.ts'
import { cleanUpStep } from './events.ts'
import { decodePath } from './journal-format.ts'
import { listJournals, readJournal, type JournalFile } from './journal-reader.ts'
import { shellCount, spawnCleanUp } from './shell.ts'

/** What one `sweep()` reclaimed. */
export interface SweepReport {
  /** Journals of dead owners that were worked through. */
  readonly journals: number
  /** Processes that were ended, or spared because they had a terminal of their own. */
  readonly processes: readonly SweptProcess[]
  /** Directories that were removed. */
  readonly directories: readonly string[]
  /** Directories that could not be removed; the next sweep tries again. */
  readonly failed: readonly string[]
}

/** A process that a dead owner left. */
export interface SweptProcess {
  readonly pid: number
  readonly startTime: string
  /** `recorded` by its owner; `found` by the cookie in its environment alone; `spared`, as it is in use in a terminal. */
  readonly how: 'recorded' | 'found' | 'spared'
  /** Its short name; '' for a recorded one. */
  readonly name: string
}

/** So many files fit on a command line with room to spare. The next sweep takes the rest. */
const journalsAtOnce = 1000

/**
 * Reclaims what dead owners left: ends their processes, removes their temporary directories. Every program does this by
 * itself, in the background, when it first holds something.
 *
 * A thing is touched only if the journal of its owner names it, with identity: pid and start time of this boot and pid
 * namespace, device and inode of a directory. Owners that live, also stopped ones, are left alone; so are journals of
 * other containers and of later versions, which `audit()` lists. Two sweeps at once do each thing once.
 *
 * @returns What was done. Processes of an owner whose guardian is at work at this moment are not in it.
 * @throws when no shell can be started.
 * @example
 * import { sweep } from 'tidypool'
 *
 * const { journals, processes, directories } = await sweep()
 * console.log(`${journals} dead owners, ${processes.length} processes, ${directories.length} directories`)
 */
export async function sweep(): Promise<SweepReport> {
  return await sweepJournals(reclaimable())
}

/** The same for these journals alone. Whether each may be touched is looked at once more, by the script. */
export async function sweepJournals(files: readonly string[]): Promise<SweepReport> {
  if (files.length === 0) return { journals: 0, processes: [], directories: [], failed: [] }
  cleanUpStep('sweep', { journals: files.length })
  for (let attempt = 0; ; attempt++) {
    const child = spawnCleanUp({
      name: 'tidypool-sweep',
      args: ['sweep', ...files],
      stdin: 'ignore',
      stdout: 'pipe',
      attempt,
    })
    try {
      const [output] = await Promise.all([
        child.stdout ? text(child.stdout) : '',
        // 'error' rejects: the shell is missing, or no process is to be had.
        once(child, 'exit'),
      ])
      return parseReport(output)
    } catch (error) {
      if (!isGoneError(error) || attempt + 1 >= shellCount) throw error
    }
  }
}

/**
 * The same for what was started in a scope, and ended with it: owners of scopes of their own, whose guardians were ended, too,
 * before their work was done. Never throws: the next start tries again.
 */
export async function sweepNested(scope: string): Promise<void> {
  try {
    const files = reclaimable().filter((file) =>
      readJournal(file).split('\n').includes(`n ${scope}`),
    )
    await sweepJournals(files)
  } catch (error) {
    cleanUpStep('nested scopes not swept', { scope, error: String(error) })
  }
}

/** At the start of a scope: reads names only, and starts a shell only when something is there. */
export function sweepInBackground(): void {
  try {
    const files = reclaimable()
    if (files.length === 0) return
    const child = spawnCleanUp({
      name: 'tidypool-sweep',
      args: ['sweep', ...files],
      stdin: 'ignore',
      stdout: 'ignore',
    })
    child.on('error', (error) => cleanUpStep('sweep not started', { error: error.message }))
    child.unref()
    cleanUpStep('sweep', { journals: files.length, pid: child.pid })
  } catch (error) {
    // It is somebody else's leftovers: no reason to fail the one who starts now. The next start tries again.
    cleanUpStep('sweep not started', { error: String(error) })
  }
}

function reclaimable(): string[] {
  const files: string[] = []
  for (const journal of listJournals()) {
    if (
      journal.standing === 'dead' ||
      (journal.standing === 'other-boot' && isOfEarlierBoot(journal))
    ) {
      files.push(journal.path)
      if (files.length === journalsAtOnce) break
    }
  }
  return files
}

/**
 * Another boot id is an earlier boot of this machine, or another machine that shares the directory. Its own machine id in
 * the journal tells; and nothing of an earlier boot has been written since this one began.
 */
export function isOfEarlierBoot(journal: JournalFile): boolean {
  let stat: BigIntStats
  try {
    stat = statSync(journal.path, { bigint: true })
  } catch (error) {
    if (isGoneError(error)) return false
    throw error
  }
  const booted = bootTime()
  if (booted === 0 || stat.mtimeMs >= booted * 1000) return false
  return readJournal(journal.path).split('\n').includes(`m ${machineId()}`)
}

function parseReport(output: string): SweepReport {
  const processes: SweptProcess[] = []
  const directories: string[] = []
  const failed: string[] = []
  let journals = 0
  for (const line of output.split('\n')) {
    const [word, first = '', startTime = '', how, ...name] = line.split(' ')
    if (word === 'journal') journals++
    else if (word === 'directory') directories.push(decodePath(first))
    else if (word === 'failed' && startTime !== '') failed.push(decodePath(startTime))
    else if (word === 'process') {
      const kind = how === 'recorded' || how === 'spared' ? how : 'found'
      processes.push({ pid: Number(first), startTime, how: kind, name: name.join(' ') })
    }
  }
  return { journals, processes, directories, failed }
}
