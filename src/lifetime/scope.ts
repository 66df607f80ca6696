/**
 * A scope is all that one thread holds of the operating system through this package, and its end.
 *
 *    holdScope() ──first hold──▶ guardian (sh, blocked on a pipe) ──▶ journal file ──▶ sweep of dead owners, beside
 *        │                              │                                ▲
 *        │   spawnNodeWorker, spawnTethered, withTempDir: append ────────┘   before user code starts
 *        │                              │
 *        ├──last release, linger 1 s──▶ remove directory, unlink journal, end guardian     (nothing was left)
 *        ├──exit hook───────────────▶ nothing held: the same, at once; else kill what we own, and leave the rest:
 *        └──any other death─────────▶ pipe closes ──▶ guardian replays the journal         (guardian.ts)
 *                                          killed too ──▶ the next start replays it        (sweep.ts)
 *
 * One per thread, because a parent-death signal is bound to the thread that spawned, and because a thread can end alone.
 */
import { randomBytes } from 'node:crypto'
import { isMainThread } from '../os/main-thread.ts'
import { identify, type ProcessIdentity } from '../os/process-identity.ts'
import { removeTreeSync } from '../os/remove-tree.ts'
import { cookieVariable, ownCookie } from './cookies.ts'
import { makeControlGroup, removeControlGroup } from './control-group.ts'
import { cleanUpStep, warnOnce } from './events.ts'
import { updateExitHook } from './exit-hook.ts'
import { Holdings } from './holdings.ts'
import { Guardian } from './guardian.ts'
import type { FileNumbers, Journal, NamedObject } from './journal.ts'
import { encodePath, type JournalOwner } from './journal-format.ts'
import { openJournal, type OpenJournal } from './open-journal.ts'
import { makeRoot, removedRoot, touchRoot, type Root } from './root-directory.ts'
import type { RegisteredExecutor } from './registry.ts'
import { sharedState } from './state.ts'
import { removeIfEmpty } from './state-directory.ts'
import { killProcessGroupSync, type OwnedProcess } from './stop.ts'
import { sweepInBackground } from './sweep.ts'

/** A claim on the scope of this thread: while there is one, the guardian stands by. */
export interface ScopeHold {
  readonly scope: Scope
  /** Gives the claim back; safe to repeat. */
  release(): void
}

/** What code that starts processes or makes files needs of the scope it holds. */
export interface Scope {
  /** 32 hex digits, unguessable: whoever carries them belongs to this scope. */
  readonly id: string
  /** What descendants must carry: `TIDYPOOL_SCOPE=outer:inner`. */
  readonly environment: Readonly<Record<string, string>>
  /** What it made itself, and what others made in it. */
  readonly holdings: Holdings
  /** Writes the process into the journal before the call returns. Never throws: it warns once. */
  recordProcess(pid: number, holdings?: Holdings): ProcessIdentity
  /** Writes down that nothing is left of the process's session. Never throws. */
  recordEnd(identity: ProcessIdentity): void
  /** The scope's own directory, mode 0700, made on first use. @throws when it can be made nowhere. */
  root(): string
  /** Puts a directory that was made in `root()` on the account. @returns what takes it off; safe to repeat. */
  countDirectory(): () => void
  /**
   * The scope's own control group below one that we are in, made on first use.
   *
   * @param parent  That group's folder.
   * @throws when it cannot be made.
   */
  controlGroup(parent: string): string
  /** Writes down what our processes made in `/dev/shm`, so that it goes with them when we are killed. Never throws. */
  recordObject(object: NamedObject): void
  /** Writes down that it has gone, or stays. Never throws. */
  forgetObject(object: FileNumbers): void
  /** Like `environment`, with a number of its own for one process, by which its escaped descendants are found. */
  nextEnvironment(): Readonly<Record<string, string>>
  /** Has the exit hook end the process's group, until it has ended by itself. */
  own(process: OwnedProcess): void
}

/** What the exit hook, the registry and `audit` need of it besides. */
export interface OwningScope extends Scope {
  /** Number of holds; 0 while it lingers. */
  readonly holds: number
  /** Path of the journal; undefined when none could be written. */
  readonly journalPath: string | undefined
  readonly guardianPid: number | undefined
  hold(reason: string): ScopeHold
  /** Writes down the executors of this thread, for other threads to list. */
  noteExecutors(): void
  /** The thread ends: ends what is owned now, and everything when nothing is held. */
  endSync(): void
}

/** A scope that nobody holds stays this long, so that executors in a row need one guardian. */
const lingerMs = 1000
/** Cleaners of temporary files take what is older than days. */
const touchMs = 6 * 60 * 60 * 1000

/**
 * Takes a claim on the scope of this thread. The first one starts the guardian, creates the journal and looks, beside
 * that, for what dead owners left; after the last release everything is taken back within a second.
 *
 * @param reason  Whose claim it is, for the log.
 */
export function holdScope(reason: string): ScopeHold {
  const state = sharedState()
  state.scope ??= new LiveScope()
  const hold = state.scope.hold(reason)
  updateExitHook()
  return hold
}

/** Takes back now what nobody holds any more and would be taken back within a second. */
export function endIdleScope(): void {
  const { scope } = sharedState()
  if (scope?.holds === 0) scope.endSync()
}

class LiveScope implements OwningScope {
  readonly id: string = randomBytes(16).toString('hex')
  readonly environment: Readonly<Record<string, string>>
  readonly holdings: Holdings = new Holdings()
  #holds = 0
  #numbered = 0
  #linger: NodeJS.Timeout | undefined
  #sweep: NodeJS.Immediate | undefined
  readonly #touch: NodeJS.Timeout
  readonly #owner: JournalOwner
  readonly #guardian: Guardian
  #opened: OpenJournal | undefined
  #root: Root | undefined
  readonly #controlGroups = new Map<string, string>()
  readonly #owned = new Set<OwnedProcess>()
  readonly #notedExecutors = new Map<RegisteredExecutor, { id: string; text: string }>()

  constructor() {
    this.environment = { [cookieVariable]: this.#cookie(this.id) }
    const { account } = sharedState()
    account.scopes.begun += 1
    this.holdings.made('scope', { isTracked: false })
    const self = identify(process.pid)
    this.#owner = { pid: process.pid, startTime: self?.startTime || '0', scope: this.id }
    // The guardian before the journal: whoever dies between the two leaves no file without a guardian.
    const started: ProcessIdentity[] = []
    const { journal, guardian } = openJournal(this.#owner, (path) => {
      started.length = 0
      return new Guardian({
        scope: this.id,
        journal: path ?? '-',
        holdings: this.holdings,
        onStarted: (identity) => {
          started.push(identity)
          this.#guardianStarted(identity)
        },
      })
    })
    this.#guardian = guardian
    this.#opened = journal
    if (journal) this.holdings.made('journal', { isTracked: false })
    for (const identity of started) {
      if (journal?.journal.recordGuardian(identity)) this.holdings.tracked('guardian')
    }
    this.#touch = setInterval(() => this.#keepFresh(), touchMs).unref()
    this.noteExecutors()
    // After what the scope is held for has been started: it is for others.
    this.#sweep = setImmediate(() => this.#sweepOnce())
  }

  get holds(): number {
    return this.#holds
  }

  get journalPath(): string | undefined {
    return this.#journal?.path
  }

  get guardianPid(): number | undefined {
    return this.#guardian.isRunning ? this.#guardian.pid : undefined
  }

  get #journal(): Journal | undefined {
    return this.#opened?.journal
  }

  hold(reason: string): ScopeHold {
    clearTimeout(this.#linger)
    this.#holds++
    cleanUpStep('scope held', { scope: this.id, reason, holds: this.#holds })
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      this.#holds--
      cleanUpStep('scope released', { scope: this.id, reason, holds: this.#holds })
      if (this.#holds === 0) this.#linger = setTimeout(() => this.#dismiss(), lingerMs).unref()
    }
    return { scope: this, release }
  }

  recordProcess(pid: number, holdings: Holdings = this.holdings): ProcessIdentity {
    const identity = this.#identityOf(pid)
    const isIdentified = identity.startTime !== ''
    const isTracked = isIdentified && (this.#journal?.recordProcess(identity) ?? false)
    holdings.made('process', { isTracked })
    cleanUpStep('process recorded', { ...identity, scope: this.id })
    return identity
  }

  recordEnd(identity: ProcessIdentity): void {
    this.#journal?.recordEnd(identity)
  }

  root(): string {
    // A cleaner of temporary files may have taken it meanwhile.
    if (this.#root && removedRoot(this.#root)) this.#forgetRoot()
    if (!this.#root) {
      this.#root = makeRoot(this.id, this.#opened)
      this.holdings.made('temporaryDirectory', { isTracked: this.#root.isRecorded })
    }
    return this.#root.path
  }

  countDirectory(): () => void {
    // It goes with the directory that it is in, by whoever removes that one.
    this.holdings.made('temporaryDirectory', { isTracked: this.#root?.isRecorded ?? false })
    let isThere = true
    return () => {
      if (isThere) this.holdings.released('temporaryDirectory')
      isThere = false
    }
  }

  #forgetRoot(): void {
    if (this.#root) this.holdings.released('temporaryDirectory')
    this.#root = undefined
  }

  controlGroup(parent: string): string {
    const folder =
      this.#controlGroups.get(parent) ??
      makeControlGroup(parent, this.id, this.#opened, this.holdings)
    this.#controlGroups.set(parent, folder)
    return folder
  }

  recordObject(object: NamedObject): void {
    this.#journal?.recordObject(object)
  }

  forgetObject(object: FileNumbers): void {
    this.#journal?.forgetObject(object)
  }

  nextEnvironment(): Readonly<Record<string, string>> {
    this.#numbered++
    return { [cookieVariable]: this.#cookie(`${this.id}.${this.#numbered}`) }
  }

  own(process: OwnedProcess): void {
    this.#owned.add(process)
    const forget = () => {
      this.#owned.delete(process)
      process.holdings.released('process')
    }
    process.child.once('exit', forget)
  }

  noteExecutors(): void {
    const journal = this.#journal
    if (!journal) return
    const { executors } = sharedState()
    for (const [executor, { id }] of this.#notedExecutors) {
      if (executors.has(executor)) continue
      this.#notedExecutors.delete(executor)
      journal.forgetExecutor(id)
    }
    for (const executor of executors) {
      const before = this.#notedExecutors.get(executor)
      const id = before?.id ?? randomBytes(4).toString('hex')
      const { kind, state, name } = executor
      const text = `${kind} ${state} ${encodePath(name)}`
      if (before?.text === text) continue
      this.#notedExecutors.set(executor, { id, text })
      journal.noteExecutor(id, text)
    }
  }

  endSync(): void {
    this.#sweepOnce()
    if (this.#holds === 0) {
      this.#dismiss()
      return
    }
    // Held still: the guardian ends the rest by the journal, which therefore stays.
    for (const process of this.#owned) killProcessGroupSync(process)
    // With process 1 of a pid namespace the kernel ends all others, the guardian among them: nobody comes after us.
    if (process.pid === 1 && isMainThread()) this.#dismiss()
  }

  /** Also for a program that ends at once. */
  #sweepOnce(): void {
    if (!this.#sweep) return
    clearImmediate(this.#sweep)
    this.#sweep = undefined
    sweepInBackground()
  }

  /** Nothing is held. The order is the one that a death in between allows: files, then journal, then guardian. */
  #dismiss(): void {
    clearTimeout(this.#linger)
    clearInterval(this.#touch)
    const state = sharedState()
    if (state.scope === this) state.scope = undefined
    updateExitHook()
    const opened = this.#opened
    try {
      this.#removeControlGroups()
      if (this.#root) removeTreeSync(this.#root.path, this.#root)
      this.#forgetRoot()
      this.#opened = undefined
      opened?.journal.remove()
      if (opened) this.holdings.released('journal')
    } catch (error) {
      state.account.scopes.unclean += 1
      // Whatever stays is in the journal, and the guardian tries again as soon as the pipe is closed.
      cleanUpStep('not taken back', { scope: this.id, error: String(error) })
      this.#ended()
      this.#guardian.letGo()
      return
    }
    state.account.scopes.clean += 1
    this.#ended()
    this.#guardian.dismiss()
    if (opened) removeIfEmpty(opened.journal.folder, opened.choice)
    cleanUpStep('scope ended', { scope: this.id })
  }

  #removeControlGroups(): void {
    for (const [parent, folder] of this.#controlGroups) {
      removeControlGroup(folder)
      this.#controlGroups.delete(parent)
      this.holdings.released('controlGroup')
    }
  }

  #ended(): void {
    this.holdings.released('scope')
    this.holdings.end()
  }

  /** Of an unreaped child there is always at least the zombie: start time '' only where nothing tells it. */
  #identityOf(pid: number): ProcessIdentity {
    const unknown = { pid, startTime: '' }
    try {
      return identify(pid) ?? unknown
    } catch (error) {
      // Without a free descriptor (EMFILE) /proc cannot be read. The cookie finds the process.
      cleanUpStep('process not identified', { pid, error: String(error) })
      return unknown
    }
  }

  #guardianStarted(identity: ProcessIdentity): void {
    const journal = this.#journal
    if (!journal) return // the first one: recorded as soon as there is a journal
    try {
      // It ended because its pipe was closed behind our back? Then it took the journal along.
      if (!journal.isInPlace()) journal.rewrite()
    } catch (error) {
      warnOnce(
        'TIDYPOOL_JOURNAL_WRITE',
        `tidypool's journal ${journal.path} was taken away and cannot be written again (${String(error)}). Workers still end with this process (tether).`,
      )
    }
    if (journal.recordGuardian(identity)) this.holdings.tracked('guardian')
  }

  #keepFresh(): void {
    try {
      this.#journal?.touch()
      if (this.#root) touchRoot(this.#root)
    } catch (error) {
      cleanUpStep('journal not touched', { error: String(error) })
    }
  }

  /** Nested scopes are a list, outermost first. What is no list of ours is not handed on. */
  #cookie(own: string): string {
    const outer = ownCookie()
    return outer === undefined ? own : `${outer}:${own}`
  }
}
