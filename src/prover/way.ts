import type { ProcessIdentity, ProcessStat } from '../os/process-identity.ts'

/** A way in which a command comes to its end. Each has a file in `ways/`. */
export interface Way {
  /** As `--only` names it. */
  readonly id: string
  /** As tables name it. */
  readonly label: string
  /** False for the normal end: it comes when it comes. */
  readonly atRandomMoment: boolean
  /** Its standard streams are a terminal of its own. */
  readonly isInTerminal?: boolean
  /** Why it cannot be tried on this machine; undefined when it can. */
  lack?(): string | undefined
  /** What is put around the command. */
  wrap?(words: readonly string[], momentMs: number): readonly string[]
  /**
   * Brings the end about, at the moment. Absent where `wrap` does.
   *
   * @returns whose end is the command's end; undefined when there was nobody to be signalled.
   */
  end?(trial: RunningTrial): ProcessIdentity | undefined
}

/** What a way sees of a command that runs. */
export interface RunningTrial {
  /** What was started: the command itself, `tidypool exec`, or what `wrap` put around them. */
  readonly root: ProcessIdentity
  /** Everybody who runs now. */
  look(): readonly ProcessStat[]
  /** The descendants of the command itself, without `tidypool exec` and what `wrap` put around. */
  workers(): readonly ProcessStat[]
  /** Draws one. */
  choose<T>(from: readonly T[]): T | undefined
  /** Signals the root, if it is still there. */
  signalRoot(signal: NodeJS.Signals): boolean
  /** Signals the root's process group, if the root is still there. */
  signalGroup(signal: NodeJS.Signals): boolean
}
