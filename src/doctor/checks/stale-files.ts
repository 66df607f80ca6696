/** Sockets, lock files and tickets of semaphores in our state directories that nobody listens on or has open. */
import { readdirSync, realpathSync, rmdirSync, unlinkSync, type Stats } from 'node:fs'
import path from 'node:path'
import { existingStateDirectories } from '../../lifetime/state-directory.ts'
import { privateDirectory } from '../../os/private-directory.ts'
import { errorCode, isGoneError } from '../../os/process-identity.ts'
import { isQueueFolder, semaphorePlace, socketBehind } from '../../semaphore/place.ts'
import type { Check, CheckResult, Ground } from '../check.ts'
import { lessSure, type Finding, type FixOutcome } from '../finding.ts'
import { ownerOf } from '../owner.ts'
import { surestOfUses, type Sight } from '../sight.ts'
import { statOf } from '../stat-of.ts'
import { freshSight, look, pathUsers } from '../uses.ts'

const name = 'stale-files'

export const staleFiles: Check = {
  name,
  about:
    'sockets, locks, tickets of semaphores and unfinished logs in the state directories that nobody uses',
  run(ground): CheckResult {
    const places = statePlaces()
    // The kernel names what is open by its real path.
    const files = places.map((place) => realpathSync(place)).flatMap(filesIn)
    const findings = files.flatMap((file) => findingOf(file, ground))
    const where = places.length === 0 ? 'no state directory' : places.join(', ')
    return { findings, looked: `${files.length} sockets and lock files in ${where}`, notJudged: [] }
  },
}

/** Semaphores have a place of their own, where the environment names none for all. */
function statePlaces(): string[] {
  const { path: place } = semaphorePlace()
  const ofSemaphores = 'path' in privateDirectory(place, { make: false }) ? [place] : []
  return [...new Set([...existingStateDirectories(), ...ofSemaphores])]
}

/** Beside the journals and in their folders; a scope's own directory goes with its journal. */
function filesIn(state: string): string[] {
  return entriesOf(state).flatMap((entry) => {
    const file = path.join(state, entry)
    const stat = statOf(file)
    if (stat?.isDirectory() && !/^tidypool-[0-9a-f]{12}$/.test(entry)) {
      return entriesOf(file)
        .map((name) => path.join(file, name))
        .filter(isSuspect)
    }
    return isSuspect(file) ? [file] : []
  })
}

/** A socket, a lock, a place in the queue of a semaphore, or the new log that a clean-up was about to put into the place of the old one. */
function isSuspect(file: string): boolean {
  const stat = statOf(file)
  if (stat?.isSocket() === true || socketBehind(file) !== undefined) return true
  return /\.lock$|\/ended\.log\.\d+$/.test(file)
}

function findingOf(file: string, { sight, nowMs }: Ground): Finding[] {
  const stat = statOf(file)
  // A lock may be a directory, which is never open.
  if (!stat || stat.isDirectory() || isUsed(file, stat, sight)) return []
  // A moment ago it may have been bound, and not be listened on yet.
  const isYoung = nowMs - stat.ctimeMs < 60_000
  return [
    {
      check: name,
      kind: 'sockets and lock files',
      what: stat.isSocket() ? 'nobody listens on it' : 'nobody has it open',
      name: file,
      bytes: stat.size,
      ageMs: Math.max(0, nowMs - stat.ctimeMs),
      owner: ownerOf(stat.uid),
      certainty: lessSure(isYoung ? 'unknown' : 'likely', surestOfUses(sight)),
      remedy: `rm ${file}`,
      fix: isYoung ? undefined : () => remove(file, stat),
    },
  ]
}

function remove(file: string, before: Stats): FixOutcome {
  const now = statOf(file)
  if (!now) return 'gone'
  if (now.ino !== before.ino || now.dev !== before.dev || now.ctimeMs !== before.ctimeMs) {
    return { left: 'it has changed since it was looked at' }
  }
  if (isUsed(file, now, freshSight())) return { left: 'it is in use now' }
  unlinkSync(file)
  if (isQueueFolder(path.dirname(file))) removeEmptied(path.dirname(file))
  return 'fixed'
}

/** As whoever leaves a queue last does. */
function removeEmptied(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error
  }
}

function isUsed(file: string, { dev, ino }: Stats, sight: Sight): boolean {
  // A ticket is good as long as somebody listens on its socket.
  const socket = socketBehind(file)
  if (socket !== undefined) return pathUsers(socket, sight).length > 0
  if ((look(dev, sight).users.get(`${dev}:${ino}`) ?? []).length > 0) return true
  return pathUsers(file, sight).length > 0
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return []
    throw error
  }
}
