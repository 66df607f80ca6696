/** Why a run ends before its inputs do. */
export type StopCause =
  | { readonly why: 'interrupted'; readonly signal: NodeJS.Signals }
  | { readonly why: 'deadline'; readonly deadlineMs: number }
  | { readonly why: 'halted'; readonly when: 'now' | 'soon' }
  /** Nobody reads the results any more. */
  | { readonly why: 'output-closed' }
  | { readonly why: 'error'; readonly error: unknown }

export class Stop {
  cause: StopCause | undefined
  /** Aborts when what is running has to end, too. */
  readonly now: AbortController = new AbortController()
  readonly #onStop: ((cause: StopCause) => void)[] = []

  /** Called once, at the first reason. */
  onStop(listener: (cause: StopCause) => void): void {
    this.#onStop.push(listener)
  }

  /** @returns whether this is what the run ends for now. */
  request(cause: StopCause): boolean {
    const isFirst = this.cause === undefined
    // A run that halts softly can still be interrupted.
    if (this.cause === undefined || isGentle(this.cause)) this.cause = cause
    if (isFirst) for (const listener of this.#onStop) listener(cause)
    if (!isGentle(cause) && !this.now.signal.aborted) this.now.abort(new Error(describe(cause)))
    return this.cause === cause
  }
}

function isGentle(cause: StopCause): boolean {
  return cause.why === 'halted' && cause.when === 'soon'
}

function describe(cause: StopCause): string {
  switch (cause.why) {
    case 'interrupted':
      return `The run was interrupted by ${cause.signal}.`
    case 'deadline':
      return `The run reached its deadline of ${cause.deadlineMs} ms.`
    case 'halted':
      return 'The run was halted because of failures.'
    case 'output-closed':
      return 'Nobody reads the results any more.'
    case 'error':
      return 'The run could not go on.'
  }
  return cause satisfies never
}
