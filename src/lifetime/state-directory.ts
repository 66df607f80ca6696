import { rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { privateDirectory } from '../os/private-directory.ts'
import { errorCode } from '../os/process-identity.ts'
import { cleanUpStep } from './events.ts'

/** A place for journals, in the order in which they are tried. */
export interface StateChoice {
  readonly path: string
  /** What named it: `TIDYPOOL_STATE_DIR`, `XDG_RUNTIME_DIR` or `TMPDIR`. */
  readonly from: string
  /** Named by the user: made with its parents, and not removed when it is empty. */
  readonly explicit: boolean
}

/** Where state could be kept, best first. */
export function stateChoices(env: NodeJS.ProcessEnv = process.env): StateChoice[] {
  const choices: StateChoice[] = []
  const named = env['TIDYPOOL_STATE_DIR']
  if (named) choices.push({ path: path.resolve(named), from: 'TIDYPOOL_STATE_DIR', explicit: true })
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime) {
    choices.push({
      path: path.join(path.resolve(runtime), 'tidypool'),
      from: 'XDG_RUNTIME_DIR',
      explicit: false,
    })
  }
  choices.push({
    path: path.join(path.resolve(temporaryOf(env)), `tidypool-${process.getuid?.() ?? 'user'}`),
    from: 'TMPDIR',
    explicit: false,
  })
  return choices
}

/** As `os.tmpdir()` says it, also of another program's environment. */
function temporaryOf(env: NodeJS.ProcessEnv): string {
  if (env === process.env) return tmpdir()
  return env['TMPDIR'] || env['TMP'] || env['TEMP'] || '/tmp'
}

/** Those choices that exist and can be trusted: a program may have had another environment than its successor. */
export function existingStateDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const found = stateChoices(env).filter(
    (choice) => 'path' in privateDirectory(choice.path, { make: false }),
  )
  return [...new Set(found.map((choice) => choice.path))]
}

/** Takes away what we made and nobody uses; a directory that the user named stays. Never throws: an empty one hurts nobody. */
export function removeIfEmpty(folder: string, choice: StateChoice): void {
  for (const directory of choice.explicit ? [folder] : [folder, choice.path]) {
    try {
      rmdirSync(directory)
    } catch (error) {
      // In use by another scope, or gone already: both are fine. Whoever lost the race to us makes it again.
      const code = errorCode(error)
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') {
        // A mount point (EBUSY), or made for us in a folder that is closed to us (EACCES).
        cleanUpStep('state directory not removed', { path: directory, error: String(error) })
      }
      return
    }
  }
}
