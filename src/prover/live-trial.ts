import { setTimeout as delay } from 'node:timers/promises'
import { isSame, type ProcessIdentity, type ProcessStat } from '../os/process-identity.ts'
import { readInitialEnvironment, runningProcesses, summarize } from '../os/process-table.ts'
import { endTree } from '../supervisor/end-tree.ts'
import { signalSeen } from '../supervisor/process-tree.ts'
import type { Leftover } from './leftover.ts'
import type { ObjectWatch } from './object-watch.ts'
import type { StartedTrial } from './start-trial.ts'
import type { TrialFolder } from './trial-folder.ts'
import type { RunningTrial } from './way.ts'
import { workersAmong } from './worker-processes.ts'

export interface TrialSurroundings {
  readonly objects: ObjectWatch
  readonly folder: TrialFolder
  /** `NAME=value` in the environment of everybody in the trial. */
  readonly mark: string
  readonly isExec: boolean
  /** Which worker is chosen, from 0 up to 1. */
  readonly choice: number
}

const lookEveryMs = 40

/** A trial that runs: who and what belongs to it, seen from outside. */
export class LiveTrial implements RunningTrial {
  readonly #started: StartedTrial
  readonly #in: TrialSurroundings
  readonly #startMs = performance.now()
  readonly #exit: Promise<void>
  #exitMs: number | undefined
  #isCleared = false

  constructor(started: StartedTrial, surroundings: TrialSurroundings) {
    this.#started = started
    this.#in = surroundings
    this.#exit = new Promise((resolve) => {
      started.child.once('exit', () => {
        this.#exitMs = performance.now()
        resolve()
      })
    })
    void this.#watch()
  }

  get root(): ProcessIdentity {
    return this.#started.root
  }

  get hasExited(): boolean {
    return this.#exitMs !== undefined
  }

  /** Until now, or until the root's exit. */
  get wallMs(): number {
    return (this.#exitMs ?? performance.now()) - this.#startMs
  }

  /** Settles with the root's exit; never rejects. */
  get exit(): Promise<void> {
    return this.#exit
  }

  look(): readonly ProcessStat[] {
    const members = this.#started.tree.look()
    const pids = new Set(members.map(({ pid }) => pid))
    const { mark } = this.#in
    const marked = [...runningProcesses()].filter(
      ({ pid, startTime }) =>
        !pids.has(pid) &&
        Number(startTime) >= Number(this.root.startTime) &&
        readInitialEnvironment(pid).split('\0').includes(mark),
    )
    return [...members, ...marked]
  }

  workers(): readonly ProcessStat[] {
    return workersAmong(this.#started.tree.look(), this.root.pid, this.#in.isExec)
  }

  choose<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#in.choice * from.length)]
  }

  signalRoot(signal: NodeJS.Signals): boolean {
    // Node has reaped it when it tells of its exit, not before.
    return !this.hasExited && this.#started.child.kill(signal)
  }

  signalGroup(signal: NodeJS.Signals): boolean {
    if (this.hasExited || !isSame(this.root)) return false
    process.kill(-this.root.pid, signal)
    return true
  }

  /** Everything of it that there is now. */
  left(): readonly Leftover[] {
    const { objects, folder } = this.#in
    const members = this.look()
    objects.look(members.map(({ pid }) => pid))
    return [...members.map(processLeft), ...objects.left(), ...folder.left()]
  }

  /** Ends and removes all that is left. Safe to repeat. @returns what could not be. */
  async clearAway(): Promise<readonly string[]> {
    if (this.#isCleared) return []
    this.#isCleared = true
    const { child, tree, containment } = this.#started
    const { objects, folder } = this.#in
    for (const stat of this.look()) signalSeen(stat, 'SIGKILL')
    const ended = await endTree(tree, containment, {
      signal: 'SIGKILL',
      killAfterMs: 0,
      isAllowed: () => false,
    })
    const remains = await objects.remove()
    await folder.remove()
    containment.release()
    for (const stream of child.stdio) stream?.destroy()
    return [
      ...ended
        .filter(({ how }) => how === 'left')
        .map(({ pid, command, reason }) => `process ${pid} ${command}: ${reason ?? 'it stays'}`),
      ...remains,
    ]
  }

  /** What appears is attributed while its makers live. */
  async #watch(): Promise<void> {
    while (!this.#isCleared) {
      this.#in.objects.look(this.#started.tree.look().map(({ pid }) => pid))
      await delay(lookEveryMs)
    }
  }
}

function processLeft(stat: ProcessStat): Leftover {
  const { pid, name, command } = summarize(stat)
  return { group: 'processes', kind: 'process', name: `${pid} ${command || name}` }
}
