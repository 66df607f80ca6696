/**
 * What a shell that stands between us and a command does to its environment, undone just before the command: it sets
 * variables of its own, and dash and busybox drop names that are no identifiers (`npm_config_@scope:registry`).
 */

const setByShells = ['PWD', 'OLDPWD', 'SHLVL', '_'] as const

/**
 * For a script whose next word is `exec "$@"`: takes away what the shell added.
 *
 * @param env  What the command shall find.
 */
export function withoutAdditions(env: NodeJS.ProcessEnv): string {
  const added = setByShells.filter((name) => env[name] === undefined)
  return added.length === 0 ? '' : `unset ${added.join(' ')}; `
}

/** The same for a script that has changed its working directory: what `cd` has set is put back. */
export function withoutChanges(env: NodeJS.ProcessEnv): string {
  const kept = setByShells.flatMap((name) => {
    const value = env[name]
    return value === undefined || name === '_' ? [] : [`${name}=${quote(value)}`]
  })
  const names = kept.map((entry) => entry.slice(0, entry.indexOf('=')))
  const put = kept.length === 0 ? '' : `${kept.join(' ')}; export ${names.join(' ')}; `
  return put + withoutAdditions(env)
}

/** To put before the command: adds back the names that the shell dropped. */
export function withDropped(env: NodeJS.ProcessEnv): readonly string[] {
  const lost = Object.entries(env).filter(
    ([name, value]) => value !== undefined && name !== '' && !/^[A-Za-z_]\w*$/.test(name),
  )
  return lost.length === 0
    ? []
    : ['/usr/bin/env', ...lost.map(([name, value]) => `${name}=${value}`)]
}

/** One word of a script, whatever it holds. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
