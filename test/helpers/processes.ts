import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** What is said of a process that has ended since it was listed, or is another user's. */
const NOT_TO_BE_SEEN = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM']

/**
 * Looks at every process of this machine, and keeps what `look` returns but for undefined.
 *
 * @param look  Reads /proc as it likes: of a process that ends meanwhile, or is another user's, nothing is kept.
 * @returns nothing where there is no /proc.
 */
export function lookAtProcesses<T>(look: (pid: number) => T | undefined): T[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const kept = look(Number(entry))
        return kept === undefined ? [] : [kept]
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : ''
        if (NOT_TO_BE_SEEN.includes(code)) return []
        throw error
      }
    })
}

/** The command line of a process, a blank between its words. @throws when it is not to be seen. */
export function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}

/** The environment that a process was started with, as NAME=VALUE; none of a zombie. @throws when it is not to be seen. */
export function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').filter(Boolean)
}
