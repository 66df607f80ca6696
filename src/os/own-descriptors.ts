import { readdirSync, readlinkSync } from 'node:fs'
import { isGoneError } from './process-identity.ts'

/** What each descriptor of this process points to: a path, `socket:[inode]`, `pipe:[inode]`… Empty without `/proc`. */
export function ownDescriptors(): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const name of entries()) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`))
    } catch (error) {
      // The one by which they are listed, or another thread closed it.
      if (!isGoneError(error)) throw error
    }
  }
  return found
}

function entries(): string[] {
  try {
    return readdirSync('/proc/self/fd')
  } catch (error) {
    if (isGoneError(error)) return []
    throw error
  }
}
