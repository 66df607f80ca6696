/** Reading the files in which Linux tells limits. What is not there is no limit. */
import { errorCode } from './process-identity.ts'
import { readProc } from './read-proc.ts'

/** Whether there is no descriptor left, of this process (EMFILE) or of the machine (ENFILE). */
export function isOutOfDescriptors(error: unknown): boolean {
  return errorCode(error) === 'EMFILE' || errorCode(error) === 'ENFILE'
}

/**
 * The text of a file that tells a limit, or what is used of one; '' when it is not kept here, or closed to us.
 *
 * @throws EMFILE or ENFILE: that nothing can be opened is an answer, too.
 */
export function limitText(file: string): string {
  try {
    return readProc(file)
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error
    return ''
  }
}

/** The number in a file; NaN for `max`, and when there is none. @throws EMFILE or ENFILE. */
export function limitNumber(file: string): number {
  const text = limitText(file).trim()
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
