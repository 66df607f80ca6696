import { readInitialEnvironment } from '../os/process-table.ts'

/** The variable by which descendants of a scope are found: `outer:inner`, each with the number of what was started. */
export const cookieVariable = 'TIDYPOOL_SCOPE'

/**
 * What a process carries, outermost first. Undefined when it shows no environment: it is another user's, has ended, has
 * none, or is in the middle of an exec.
 */
export function readCookies(pid: number): readonly string[] | undefined {
  const environment = readInitialEnvironment(pid)
  if (environment === '') return undefined
  const entry = environment.split('\0').find((text) => text.startsWith(`${cookieVariable}=`))
  return entry?.slice(cookieVariable.length + 1).split(':') ?? []
}
