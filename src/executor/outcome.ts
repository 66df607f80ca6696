/** From what a worker sent to what a future settles with. */
import { TaskCloneError } from '../errors.ts'
import { decodeError } from '../worker/error-codec.ts'
import type { ResultMessage } from '../worker/protocol.ts'

export type Outcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  /** `final`: running it again would end the same way. */
  | { readonly status: 'rejected'; readonly error: unknown; readonly final: boolean }

export function outcomeOf(task: string, outcome: ResultMessage[1], value: unknown): Outcome {
  switch (outcome) {
    case 'ok':
      return { status: 'fulfilled', value }
    case 'thrown':
      return { status: 'rejected', error: value, final: false }
    case 'error':
      return { status: 'rejected', error: decodeError(value), final: false }
    case 'module':
      return { status: 'rejected', error: decodeError(value), final: true }
    case 'clone-result':
    case 'clone-error': {
      const what = outcome === 'clone-result' ? 'result' : 'error'
      const error = new TaskCloneError(task, what, decodeError(value))
      return { status: 'rejected', error, final: true }
    }
  }
}
