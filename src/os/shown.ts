/** Looking at what may be gone by now or closed to us: of another user, not dumpable, hidden by hidepid or a security module. */
import { errorCode, isGoneError } from './process-identity.ts'
import { readProc } from './read-proc.ts'

/** Asks, and gives something else instead of what is gone or not shown to us. */
export function ifShown<T>(instead: T, ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    if (isNotShown(error)) return instead
    throw error
  }
}

/** The text of a file of `/proc`, byte by byte; '' when it is gone or not shown to us. */
export function readShown(file: string): string {
  return ifShown('', () => readProc(file))
}

/** Whether the error says that something is gone, or closed to us. */
export function isNotShown(error: unknown): boolean {
  return isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM'
}
