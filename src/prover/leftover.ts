/** Something that a run has left when it had ended. */
export interface Leftover {
  readonly group: LeftoverGroup
  /** `process`, `semaphore`, `System V segment`, `socket`… */
  readonly kind: string
  /** A path, a number, or a process's number and command. */
  readonly name: string
}

export type LeftoverGroup = 'processes' | 'objects' | 'files'

export const leftoverGroups = ['processes', 'objects', 'files'] as const
