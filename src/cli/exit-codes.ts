/** What the exit code of a run says. The numbers are public: `--help` and docs/run.md list them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  noInput: 4,
  deadline: 124,
  internal: 70,
  busy: 75,
} as const

/** What the exit code of `exec` says, where it is not the command's own: as `timeout`, `env` and `nohup` have it. */
export const EXEC_EXIT = {
  leak: 3,
  busy: 75,
  timeout: 124,
  internal: 125,
  notExecutable: 126,
  missing: 127,
} as const

export const EXIT_CODES_HELP: string = `Exit codes:
  0    every input that was selected is done, and none failed
  1    some inputs failed, in this run or in the one that it resumed
  2    the command line asks for something that cannot be
  4    there is no input
  70   tidypool itself failed, or the results could not be written
  75   with --max-instances: there was no place in time, and nothing ran
  124  the deadline was reached
  A run that is ended by a signal dies of that signal (a shell shows 130 for
  Ctrl-C, 143 for TERM); as process 1 of a container it exits with that number.`

/** How the command ends: with a code, or by a signal that it has to die of. */
export type End = { readonly exitCode: number } | { readonly signal: NodeJS.Signals }

/** An end of the command that is told in one line. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly exitCode: number

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
