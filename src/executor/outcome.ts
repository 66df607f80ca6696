/** From what a worker sent of a failed call to what its future rejects with. */
import { TaskCloneError } from '../errors.ts'
import { decodeError } from '../worker/error-codec.ts'
import type { Answer } from '../worker/protocol.ts'

export interface Failure {
  readonly error: unknown
  /** Running it again would end the same way. */
  readonly isFinal: boolean
}

export function failureOf(task: string, answer: Exclude<Answer, 'ok'>, value: unknown): Failure {
  switch (answer) {
    case 'thrown':
      return { error: value, isFinal: false }
    case 'error':
      return { error: decodeError(value), isFinal: false }
    case 'module':
      return { error: decodeError(value), isFinal: true }
    case 'clone-result':
    case 'clone-error': {
      const what = answer === 'clone-result' ? 'result' : 'error'
      return { error: new TaskCloneError(task, what, decodeError(value)), isFinal: true }
    }
  }
}
