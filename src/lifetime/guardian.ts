import type { ChildProcess } from 'node:child_process'
import { identify, type ProcessIdentity } from '../os/process-identity.ts'
import { cleanUpStep, warnOnce } from './events.ts'
import type { Holdings } from './holdings.ts'
import { shellCount, spawnCleanUp } from './shell.ts'

/** A guardian that is killed more often than this in one scope is being killed on purpose. */
const restartLimit = 30
/** After a failed start (no process or descriptor to be had) it is tried again, as long as something is held. */
const retryMs = 250

/** What the guardian needs of its scope. */
export interface Guarded {
  readonly scope: string
  /** Path of the journal, or `-`. */
  readonly journal: string
  /** Whose account it is on. */
  readonly holdings: Holdings
  /** Called with each guardian that was started, also the first. */
  onStarted(identity: ProcessIdentity): void
}

/**
 * Level 5: a shell that outlives us by the moment it takes to end what we left behind.
 *
 * It is blocked on a pipe whose other end only we have. We never write to it: the kernel closes it whatever way we die,
 * and that is the message. Dismissed, it is killed: with the journal gone there is nothing it would do.
 */
export class Guardian {
  readonly #guarded: Guarded
  #child: ChildProcess | undefined
  #retry: NodeJS.Timeout | undefined
  #restarts = 0
  #shell = 0
  #state: 'guarding' | 'dismissed' | 'given up' = 'guarding'

  constructor(guarded: Guarded) {
    this.#guarded = guarded
    this.#start()
  }

  /** Process number of the guardian that is there now. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  get isRunning(): boolean {
    return this.#child?.pid !== undefined && isUnreaped(this.#child)
  }

  /** Ends it. The journal must be gone before, or it would replay it: our end of the pipe closes with it. */
  dismiss(): void {
    this.#state = 'dismissed'
    clearTimeout(this.#retry)
    const child = this.#child
    // KILL, since it ignores everything else and may be stopped. `kill` of a ChildProcess signals only while it is not reaped.
    if (child?.pid !== undefined && isUnreaped(child)) child.kill('SIGKILL')
    child?.stdin?.destroy()
  }

  /** Lets it do its work now, as if we had died: something could not be removed by us. */
  letGo(): void {
    this.#state = 'dismissed'
    clearTimeout(this.#retry)
    this.#child?.stdin?.destroy()
  }

  #start(): void {
    const { scope, journal, holdings } = this.#guarded
    let child: ChildProcess
    try {
      child = spawnCleanUp({
        name: 'tidypool-guardian',
        args: ['guardian', scope, journal],
        stdin: 'pipe',
        stdout: 'ignore',
        attempt: this.#shell,
      })
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#child = child
    child.on('error', (error) => this.#failed(error))
    if (child.pid === undefined) return // without descriptors there are no streams either; 'error' follows
    // Neither the process nor the pipe keeps our event loop alive.
    child.unref()
    const { stdin } = child
    if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
    // It dies with the guardian, which 'exit' tells us better.
    stdin?.on('error', (error) => cleanUpStep('pipe to the guardian', { error: error.message }))
    holdings.made('guardian', { isTracked: false })
    child.once('exit', () => holdings.released('guardian'))
    const identity = identify(child.pid)
    child.once('exit', (exitCode, signal) => this.#ended(exitCode, signal))
    cleanUpStep('guardian started', { pid: child.pid, scope })
    if (identity) this.#guarded.onStarted(identity)
  }

  #ended(exitCode: number | null, signal: string | null): void {
    if (this.#state !== 'guarding') return
    cleanUpStep('guardian ended', { exitCode, signal, restarts: this.#restarts })
    if (this.#restarts >= restartLimit) {
      this.#giveUp(`it was ended ${restartLimit} times`)
      return
    }
    this.#restarts++
    this.#start()
  }

  #failed(error: unknown): void {
    if (this.#state !== 'guarding') return
    const message = error instanceof Error ? error.message : String(error)
    cleanUpStep('guardian not started', { error: message })
    if (isMissing(error)) {
      this.#shell++
      if (this.#shell < shellCount) this.#start()
      else this.#giveUp(`there is no sh here (${message})`)
      return
    }
    if (this.#restarts >= restartLimit) {
      this.#giveUp(message)
      return
    }
    this.#restarts++
    this.#retry = setTimeout(() => this.#start(), retryMs).unref()
  }

  #giveUp(why: string): void {
    this.#state = 'given up'
    warnOnce(
      'TIDYPOOL_NO_GUARDIAN',
      `tidypool runs without its guardian: ${why}. Workers still end with this process (tether); descendants that left their worker's session and temporary directories are reclaimed by the next program that uses tidypool, or by sweep().`,
    )
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'ENOEXEC'
}

function isUnreaped(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
