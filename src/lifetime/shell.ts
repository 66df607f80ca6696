import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { inheritedDescriptors, openFilesLimit } from '../os/inherited-descriptors.ts'
import { requireDescriptors } from '../os/spare-descriptors.ts'
import { cleanUpScript } from './clean-up-script.ts'

/** Where a POSIX shell is; the second is looked up in PATH. */
const shells = ['/bin/sh', 'sh']

/** How the clean-up script is started. */
export interface CleanUpShell {
  /** Shown by `ps` and `pgrep -f`. */
  readonly name: 'tidypool-guardian' | 'tidypool-sweep'
  readonly args: readonly string[]
  readonly stdin: 'pipe' | 'ignore'
  readonly stdout: 'pipe' | 'ignore'
  /** Which of `shells`, counted from 0. */
  readonly attempt?: number
}

/** Those that run now. */
const running = new Set<number>()

/** Whether that child of ours is a guardian or a sweep. */
export function isCleanUpShell(pid: number): boolean {
  return running.has(pid)
}

/** How many shells there are to try. */
export const shellCount: number = shells.length

/**
 * Starts the clean-up script so that it has nothing of ours: a session of its own, so that no terminal or process group
 * reaches it; `/` as its directory, so that it keeps no file system busy; no descriptor but those named; no cookie, or the
 * guardian of an outer scope would end it before it has cleaned.
 *
 * @throws what `spawn` throws at once (ENOMEM, E2BIG). ENOENT, EAGAIN and EMFILE come as an `error` event, without a pid.
 */
export function spawnCleanUp(shell: CleanUpShell): ChildProcess {
  const inherited = coverableDescriptors()
  const highest = inherited.at(-1) ?? 2
  const blank = openSync('/dev/null', 'r+')
  try {
    const stdio: ('pipe' | 'ignore' | number)[] = [shell.stdin, shell.stdout, 'ignore']
    // 'ignore' does nothing at 3 and above; what is inherited there must be covered by something.
    for (let fd = 3; fd <= highest; fd++) stdio.push(inherited.includes(fd) ? blank : 'ignore')
    requireDescriptors(stdio)
    const child = spawn(
      shells[shell.attempt ?? 0] ?? 'sh',
      ['-c', cleanUpScript, shell.name, ...shell.args],
      { stdio, detached: true, cwd: '/', env: environmentOfCleanUp() },
    )
    const { pid } = child
    if (pid !== undefined) {
      running.add(pid)
      child.once('exit', () => running.delete(pid))
    }
    return child
  } finally {
    closeSync(blank)
  }
}

/** `ulimit -n` may have been lowered since they were opened: numbers at and above it cannot be given to a child (EINVAL). */
function coverableDescriptors(): number[] {
  const inherited = inheritedDescriptors()
  if (inherited.length === 0) return []
  const limit = openFilesLimit()
  return inherited.filter((fd) => fd + 1 < limit)
}

/** Ours, without the cookie, without Node's channel, and without what changes how sh or grep work. */
function environmentOfCleanUp(): NodeJS.ProcessEnv {
  const dropped =
    /^(TIDYPOOL_SCOPE|TIDYPOOL_TETHER|TIDYPOOL_BUDGET|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|GREP_OPTIONS|BASH_FUNC_.*)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)))
}
