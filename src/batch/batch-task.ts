/** What a batch runs for each input, as results and reports name it. */
export interface BatchTask {
  readonly of: 'module' | 'command'
  /** `score.mjs#rate`, or the command with its placeholders. */
  readonly name: string
  /** Of a module; undefined while it is not known, and of a command. */
  readonly exportName: string | undefined
  /** Tells versions apart: of the module's file, or of the command's words. */
  readonly hash: string
}
