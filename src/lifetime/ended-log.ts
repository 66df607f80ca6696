import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isGoneError } from '../os/process-identity.ts'

/** The last lines of the log in a state directory that clean-up-script.ts writes: processes found only by their cookie. */
export function readEndedLog(stateDirectory: string): string[] {
  try {
    const text = readFileSync(path.join(stateDirectory, 'ended.log'), 'utf8')
    return text.trimEnd().split('\n').slice(-20)
  } catch (error) {
    if (isGoneError(error)) return [] // nothing was ever found
    throw error
  }
}
