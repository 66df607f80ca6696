import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/**
 * The file that `spawn(command)` would execute, as execvp(3) finds it; undefined when there is none to execute.
 *
 * @param where.env  The child's environment, whose PATH counts.
 * @param where.cwd  The child's directory, from which relative names count.
 */
export function resolveCommand(
  command: string,
  where: { readonly env: NodeJS.ProcessEnv; readonly cwd: string | undefined },
): string | undefined {
  const cwd = where.cwd ?? process.cwd()
  if (command.includes('/')) {
    const file = path.resolve(cwd, command)
    return isExecutable(file) ? file : undefined
  }
  if (command === '') return undefined
  // libuv, and execvp with it, take these when there is no PATH.
  const search = where.env['PATH'] ?? '/usr/local/bin:/bin:/usr/bin'
  for (const directory of search.split(':')) {
    // An empty entry is the current directory.
    const file = path.resolve(cwd, directory, command)
    if (isExecutable(file)) return file
  }
  return undefined
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // missing, closed to us, a dangling link: execvp goes on with the next as well
  }
}
