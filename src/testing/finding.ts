import type { Leak } from '../errors.ts'

/** A leak, with its time as our clock has it. */
export interface Finding extends Omit<Leak, 'sinceMs'> {
  readonly atMs: number | undefined
}
