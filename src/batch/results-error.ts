import { TidypoolError } from '../errors.ts'

/** Results cannot be written any more: the run stops, because what it does would be lost. */
export class ResultsError extends TidypoolError {
  readonly code = 'ERR_RESULTS'
  readonly path: string

  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(
      `Results cannot be written to ${path}: ${why}. What was written before is whole; go on with --resume.`,
      {
        cause,
      },
    )
    this.path = path
  }
}
