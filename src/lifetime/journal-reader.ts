import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { processWorld } from '../os/machine.ts'
import { errorCode, identify, isGoneError, isSame, readStat } from '../os/process-identity.ts'
import { decodePath, parseJournalName, type JournalName } from './journal-format.ts'
import type { ExecutorKind, ExecutorSnapshot, ExecutorState } from './life.ts'
import { existingStateDirectories } from './state-directory.ts'

/** What a journal file is to us. */
export type JournalStanding =
  | 'live' // its owner runs, or may run, or a guardian or sweep is at work on it
  | 'dead' // ours to replay
  | 'other-boot' // its processes ended with that boot; its directories may be left
  | 'other-namespace' // of another container: process numbers mean nothing to us
  | 'unknown' // no journal of this version

/** A file in a state directory. */
export interface JournalFile {
  readonly path: string
  readonly name: JournalName | undefined
  readonly standing: JournalStanding
}

/** Lists every journal in the state directories that we trust. Reads names only, so it is fast enough for every start. */
export function* listJournals(
  directories: readonly string[] = existingStateDirectories(),
): Generator<JournalFile> {
  const world = processWorld()
  for (const state of directories) {
    for (const folder of list(state)) {
      // Logs and the like lie beside the folders.
      if (!folder.includes('-')) continue
      for (const file of list(path.join(state, folder))) {
        const name = parseJournalName(file)
        const standing = name ? standingOf(name, folder, world) : 'unknown'
        yield { path: path.join(state, folder, file), name, standing }
      }
    }
  }
}

function standingOf(name: JournalName, folder: string, world: string): JournalStanding {
  if (folder !== world) {
    return bootOf(folder) === bootOf(world) ? 'other-namespace' : 'other-boot'
  }
  // An owner that could not find out its start time writes 0: whether it lives cannot be found out either.
  if (name.startTime === '0' || isSame(name)) return 'live'
  // A stopped claimant will not finish: whoever sweeps next ends it and goes on.
  const { claimant } = name
  if (claimant && isSame(claimant) && readStat(claimant.pid)?.state !== 'T') return 'live'
  return 'dead'
}

function bootOf(world: string): string {
  return world.slice(0, world.lastIndexOf('-'))
}

/** The executors that other threads of this process noted in their journals. */
export function executorsOfOtherThreads(ownScope: string | undefined): ExecutorSnapshot[] {
  const self = identify(process.pid)
  const snapshots: ExecutorSnapshot[] = []
  for (const { path: file, name } of listJournals()) {
    if (!name || name.pid !== process.pid || name.startTime !== self?.startTime) continue
    if (name.scope === ownScope) continue
    snapshots.push(...executorsOf(readJournal(file), name.scope))
  }
  return snapshots
}

/** Parses `x` records: the last word about each executor counts. */
export function executorsOf(text: string, owner: string): ExecutorSnapshot[] {
  const found = new Map<string, ExecutorSnapshot>()
  for (const line of text.split('\n')) {
    const [record, sign, id = '', kind, state, name = ''] = line.split(' ')
    if (record !== 'x') continue
    if (sign === '-') found.delete(id)
    else if (sign === '+' && isKind(kind) && isState(state)) {
      found.set(id, { name: decodePath(name), kind, state, stats: undefined, owner })
    }
  }
  return [...found.values()]
}

/** The text of a journal, '' when it has gone meanwhile. */
export function readJournal(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if (isGoneError(error)) return ''
    throw error
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    // Another scope may have removed the folder just now; a plain file beside the folders is none.
    if (isGoneError(error) || errorCode(error) === 'ENOTDIR') return []
    throw error
  }
}

function isKind(text: string | undefined): text is ExecutorKind {
  return ['inline', 'thread', 'process', 'adaptive'].includes(text ?? '')
}

function isState(text: string | undefined): text is ExecutorState {
  return text === 'open' || text === 'draining' || text === 'closed'
}
