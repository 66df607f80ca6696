/** The command cannot be executed. */
export class CommandStartError extends Error {
  override name = 'CommandStartError'
  /** `missing`: there is no such file. `not-executable`: it may not be executed. `failed`: the system refused. */
  readonly why: 'missing' | 'not-executable' | 'failed'

  constructor(why: CommandStartError['why'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.why = why
  }
}
