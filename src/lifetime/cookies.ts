import { readInitialEnvironment } from '../os/process-table.ts'

/** The variable by which descendants of a scope are found: `outer:inner`, each with the number of what was started. */
export const cookieVariable = 'TIDYPOOL_SCOPE'

/** What we carry ourselves: the scopes that we were started in. Undefined when there are none, or it is no list of ours. */
export function ownCookie(): string | undefined {
  const cookie = process.env[cookieVariable]
  return cookie !== undefined && /^[0-9a-f.:]{32,4096}$/.test(cookie) ? cookie : undefined
}

/** The ids of the scopes that we were started in, the outermost first. */
export function outerScopes(): string[] {
  const entries = ownCookie()?.split(':') ?? []
  return entries.flatMap((entry) => /^[0-9a-f]{32}(?=\.|$)/.exec(entry) ?? [])
}

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
