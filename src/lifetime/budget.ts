/**
 * How many workers a process tree may have alive: permits, one a worker, as files in one directory.
 *
 *    outermost owner ── makes ──▶ ROOT-OF-ITS-SCOPE/budget/ ◀── readdir, create, unlink ── owners inside its workers
 *          │                          PID-START-WORLD-SCOPE-RANDOM   one a live worker, named by who holds it
 *          └─ TIDYPOOL_BUDGET=LIMIT:SHARE:DIRECTORY in the environment of its workers, and so of all below them
 *
 * Nobody's event loop is asked, and no lock is taken: who wants a permit makes its file, counts, and takes it away again
 * when there are too many. No name is ever used twice, so whoever finds the holder of a file dead may remove it. The
 * directory goes with the outermost owner, whatever way that ends.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { processWorld } from '../os/machine.ts'
import { privateDirectory } from '../os/private-directory.ts'
import { errorCode, identify, isGoneError, isSame } from '../os/process-identity.ts'
import { cleanUpStep } from './events.ts'
import type { Scope } from './scope.ts'
import { sharedState } from './state.ts'

/** The variable that tells those inside a worker where the budget is. */
export const budgetVariable = 'TIDYPOOL_BUDGET'

/** Where a budget is, and what it allows. */
export interface BudgetAddress {
  /** Workers that may be alive in the whole tree. */
  readonly limit: number
  /** Processors that the worker was given for itself and for what it starts. */
  readonly share: number
  readonly directory: string
}

/** A right to have one worker alive. */
export interface Permit {
  /** Gives it back; safe to repeat, never throws. */
  release(): void
}

/** Dead holders are looked for this often, and only while there is no permit left. */
const lookEveryMs = 100
/** Whoever died before has been cleaned up after by then, also when its guardian died with it. */
const deadForMs = 2000
/** Two who take the last permit at the same moment both let go of it; then it is tried again. */
const attempts = 4

let lastOuter: { readonly text: string; readonly budget: Budget } | undefined

/** The budget that this thread was started in: undefined outside of workers, and when it is not there or not ours. */
export function outerBudget(env: NodeJS.ProcessEnv = process.env): Budget | undefined {
  const text = env[budgetVariable] ?? ''
  const [, limit, share, directory] =
    /^([1-9]\d{0,8}):([1-9]\d{0,8}):(\/.{1,4000})$/.exec(text) ?? []
  if (directory === undefined) return undefined
  const place = privateDirectory(directory, { make: false })
  if ('path' in place) {
    // One for all executors of this thread: they look for dead holders no more often than one would.
    if (lastOuter?.text !== text)
      lastOuter = {
        text,
        budget: new Budget({ limit: Number(limit), share: Number(share), directory }),
      }
    return lastOuter.budget
  }
  cleanUpStep('budget not trusted', { directory, reason: place.refused })
  return undefined
}

/**
 * The budget that this thread is the outermost owner of.
 * @throws when no directory can be made.
 */
export function ownBudget(scope: Scope, limits: Omit<BudgetAddress, 'directory'>): Budget {
  const directory = path.join(scope.root(), 'budget')
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  return new Budget({ ...limits, directory })
}

/** Whether this thread was told of a budget: then it is a worker, or was started by one. */
export function isInsideWorker(): boolean {
  return process.env[budgetVariable] !== undefined
}

/** What a child needs of an environment to find the same budget, also where it is given another environment. */
export function budgetOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const address = env[budgetVariable]
  return address === undefined ? {} : { [budgetVariable]: address }
}

/** The text for `TIDYPOOL_BUDGET`. */
export function formatAddress({ limit, share, directory }: BudgetAddress): string {
  return `${limit}:${share}:${directory}`
}

export class Budget {
  readonly address: BudgetAddress
  #lookedAt = Number.NEGATIVE_INFINITY
  /** When each was first seen to be dead, on the clock of `performance.now()`. */
  readonly #deadSince = new Map<string, number>()

  constructor(address: BudgetAddress) {
    this.address = address
  }

  /**
   * Takes a permit if one is left.
   *
   * @param hold  The scope of this thread, asked for when there seems to be one.
   * @returns `none` when none is left; `gone` when the budget has vanished: then its owner has ended.
   */
  claim(hold: () => Scope): Permit | 'none' | 'gone' {
    const { limit } = this.address
    try {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        if (this.#held().length >= limit && !this.#freeDead(limit)) return 'none'
        const permit = this.#make(hold())
        // The last of those who made a file sees all others: at most `limit` stay.
        if (this.#held().length <= limit) return permit
        permit.release()
      }
      return 'none'
    } catch (error) {
      if (isGoneError(error)) return 'gone'
      // EMFILE, ENOSPC: no worker could be started now either.
      cleanUpStep('no permit', { directory: this.address.directory, error: String(error) })
      return 'none'
    }
  }

  /** Counts one more worker, whether there is room or not. @throws when the file cannot be made. */
  take(scope: Scope): Permit {
    return this.#make(scope)
  }

  #held(): string[] {
    return readdirSync(this.address.directory).filter((name) => holderOf(name) !== undefined)
  }

  #make(scope: Scope): Permit {
    const { pid, startTime } = self()
    const name = [pid, startTime, world(), scope.id, randomBytes(4).toString('hex')].join('~')
    const file = path.join(this.address.directory, name)
    // The journal goes when everything that its owner held has ended, be the owner a thread or a process.
    const journal = sharedState().scope?.journalPath ?? ''
    writeFileSync(file, journal, { flag: 'wx', mode: 0o600 })
    let isHeld = true
    return {
      release: () => {
        if (isHeld) remove(file)
        isHeld = false
      },
    }
  }

  /** Takes the permits of dead holders away. @returns whether there is room now. */
  #freeDead(limit: number): boolean {
    const now = performance.now()
    if (now - this.#lookedAt < lookEveryMs) return false
    this.#lookedAt = now
    const names = this.#held()
    for (const name of this.#deadSince.keys())
      if (!names.includes(name)) this.#deadSince.delete(name)
    const dead = names.filter((name) => this.#isDead(name, now))
    for (const name of dead) {
      remove(path.join(this.address.directory, name))
      cleanUpStep('permit of a dead holder freed', { permit: name })
    }
    return names.length - dead.length < limit
  }

  #isDead(name: string, now: number): boolean {
    const journal = readIfThere(path.join(this.address.directory, name))
    if (journal !== '' && !isJournalThere(journal)) return true
    const holder = holderOf(name)
    if (!holder || isAlive(holder)) {
      this.#deadSince.delete(name)
      return false
    }
    // It is gone, but perhaps not what it held: the guardian is at it, or was killed as well.
    const since = this.#deadSince.get(name) ?? now
    this.#deadSince.set(name, since)
    return now - since >= deadForMs
  }
}

interface Holder {
  readonly pid: number
  readonly startTime: string
  readonly world: string
}

function holderOf(name: string): Holder | undefined {
  const [, pid, startTime, world] =
    /^([1-9]\d*)~([^~]+)~([^~]+)~[0-9a-f]{32}~[0-9a-f]{8}$/.exec(name) ?? []
  if (startTime === undefined || world === undefined) return undefined
  return { pid: Number(pid), startTime, world }
}

/** Of another pid namespace nothing can be said: only its journal tells. */
function isAlive(holder: Holder): boolean {
  return holder.world !== world() || holder.startTime === '0' || isSame(holder)
}

/** Whoever replays a journal gives it a longer name, until everything in it has ended. */
function isJournalThere(journal: string): boolean {
  const name = path.basename(journal)
  try {
    return readdirSync(path.dirname(journal)).some((entry) => entry.startsWith(name))
  } catch (error) {
    return !isGoneError(error)
  }
}

/** '' also for a holder that is just making it, and for one whose permit has been given back meanwhile. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // then by its name alone
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    // Gone with the directory, or taken for a dead one's: success. Else it goes with the directory.
    if (!isGoneError(error)) cleanUpStep('permit not removed', { file, error: String(error) })
  }
}

let own: { readonly pid: number; readonly startTime: string } | undefined
let ownWorld: string | undefined

function self(): { readonly pid: number; readonly startTime: string } {
  own ??= { pid: process.pid, startTime: identify(process.pid)?.startTime || '0' }
  return own
}

function world(): string {
  ownWorld ??= processWorld()
  return ownWorld
}
