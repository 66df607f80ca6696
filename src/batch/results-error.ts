import { TidypoolError } from '../errors.ts'

/** Results cannot be written any more: the run stops, because what it does would be lost. */
export class ResultsError extends TidypoolError {
  readonly code = 'ERR_RESULTS'
  readonly path: string
  /** How many lines of the write that failed are in the file all the same. */
  readonly wholeLines: number

  constructor(path: string, cause: unknown, wholeLines = 0) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(
      `Results cannot be written to ${path}: ${why}. What was written before is whole; go on with --resume.`,
      {
        cause,
      },
    )
    this.path = path
    this.wholeLines = wholeLines
  }
}
