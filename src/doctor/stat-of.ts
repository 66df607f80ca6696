import { lstatSync, type Stats } from 'node:fs'
import { isGoneError } from '../os/process-identity.ts'

/** What is at the path now, a symbolic link itself; undefined when nothing is. */
export function statOf(file: string): Stats | undefined {
  try {
    return lstatSync(file)
  } catch (error) {
    if (isGoneError(error)) return undefined
    throw error
  }
}
