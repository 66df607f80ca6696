import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** What is said of a process that has ended, or is another user's. */
const NOT_TO_BE_SEEN = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM']

/**
 * Looks at every process of this machine, and keeps what `look` returns but for undefined.
 *
 * A zombie, which has ended and was not waited for, is looked at like any other: it is kept if `look` returns something for it.
 *
 * @param look  Reads /proc as it likes: of a process that is not to be seen, since it has ended or is another user's, nothing is kept.
 * @throws where there is no /proc: that nothing is seen would be taken for nothing being there.
 */
export function lookAtProcesses<T>(look: (pid: number) => T | undefined): T[] {
  if (!existsSync('/proc/self/environ'))
    throw new Error('Processes are looked at in /proc, which is not here: that needs Linux.')
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

/** The command line of a process, a blank between its words; empty of a zombie. @throws when it is not to be seen. */
export function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}

/**
 * The environment that a process was started with, as NAME=VALUE.
 *
 * @throws when it is not to be seen. A zombie's is not (ESRCH on Linux 6.18).
 */
export function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
}
