import { existsSync, readdirSync, type Dirent } from 'node:fs'
import { isGoneError } from '../../src/os/process-identity.ts'

/**
 * Everything below a folder, while others may be taking it away: Node's recursive `readdir` fails when a folder goes
 * between its being listed and its being read. Then it is read again. None when the folder itself has gone.
 */
export function entriesBelow(folder: string): Dirent[] {
  for (;;) {
    try {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
    } catch (error) {
      if (!isGoneError(error)) throw error
      if (!existsSync(folder)) return []
    }
  }
}
