import { spawnSync } from 'node:child_process'
import { endianness } from 'node:os'
import { readFileSync, statSync } from 'node:fs'
import { errorCode } from './process-identity.ts'
import { resolveCommand } from './resolve-command.ts'

/** How a child gets a parent-death signal here. */
export interface DeathSignal {
  /** What to put before a command; undefined when the kernel will not send it the signal. */
  readonly prefix: readonly string[] | undefined
  /** Why not, for `audit()`. */
  readonly reason: string | undefined
}

let found: DeathSignal | undefined
/** Taken for granted as long as nothing speaks against it. */
let assumed: DeathSignal | 'doubted' | undefined

/**
 * Whether `setpriv --pdeathsig KILL` works, found out once by running it: the applet of busybox has the name but not the
 * option, and every start of a worker would fail.
 *
 * The signal is bound to the thread that spawns, and the kernel clears it at the exec of a program with more rights than
 * its caller (prctl(2), PR_SET_PDEATHSIG): a Node binary with file capabilities would lose it without a word.
 *
 * @throws what kept it from being found out, when that will pass (no process or descriptor to be had).
 */
export function deathSignal(): DeathSignal {
  found ??= probe()
  return found
}

/**
 * The same for who starts something that can be started again: a `setpriv` that knows the option is taken at its word, since
 * to run it first takes as long as the rest of what is done before a worker starts.
 */
export function likelyDeathSignal(): DeathSignal {
  if (found) return found
  assumed ??= assume()
  return assumed === 'doubted' ? deathSignal() : assumed
}

/** What was started with it has failed, perhaps because of it: the next one finds out. */
export function doubtDeathSignal(): void {
  assumed = 'doubted'
}

/** The command, or why there is none. */
function candidate(): string | DeathSignal {
  if (process.platform !== 'linux') return none(`${process.platform} has no parent-death signal`)
  const secure = gainsRights()
  if (secure !== undefined) return none(secure)
  return (
    resolveCommand('setpriv', { env: process.env, cwd: undefined }) ??
    none('setpriv is not in PATH')
  )
}

function prefixOf(setpriv: string): readonly string[] {
  return [setpriv, '--pdeathsig', 'KILL', '--']
}

function probe(): DeathSignal {
  const setpriv = candidate()
  if (typeof setpriv !== 'string') return setpriv
  const prefix = prefixOf(setpriv)
  const [, ...args] = [...prefix, 'true']
  const { status, error } = spawnSync(setpriv, args, { stdio: 'ignore', timeout: 5000 })
  // These pass, and what is found out here stays: whoever wants to start something tries again later.
  if (error && ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'E2BIG'].includes(errorCode(error) ?? ''))
    throw error
  if (status === 0) return { prefix, reason: undefined }
  return none(
    `setpriv --pdeathsig KILL -- true ${error ? `failed: ${error.message}` : `ended with ${status}`}`,
  )
}

/** That of util-linux has some 50 KiB. A large one holds many programs, and a script starts others: their words say nothing of it. */
const largestBytes = 256 * 1024
const magicOfElf = '\x7fELF'

function assume(): DeathSignal | 'doubted' {
  const setpriv = candidate()
  if (typeof setpriv !== 'string') return setpriv
  try {
    if (statSync(setpriv).size > largestBytes) return 'doubted'
    const program = readFileSync(setpriv)
    const isKnown = program.indexOf(magicOfElf) === 0 && program.includes('pdeathsig')
    return isKnown ? { prefix: prefixOf(setpriv), reason: undefined } : 'doubted'
  } catch {
    return 'doubted' // executable and not readable, or no descriptor to be had
  }
}

function none(reason: string): DeathSignal {
  return { prefix: undefined, reason }
}

/** Whether executing Node clears the signal: the kernel says so to the process itself, in AT_SECURE of its auxiliary vector. */
function gainsRights(): string | undefined {
  const atSecure = 23n
  try {
    const vector = readFileSync('/proc/self/auxv')
    const words = vector.length - (vector.length % 16)
    const read = (at: number): bigint =>
      endianness() === 'LE' ? vector.readBigUInt64LE(at) : vector.readBigUInt64BE(at)
    for (let at = 0; at < words; at += 16) {
      if (read(at) === atSecure && read(at + 8) !== 0n) {
        return 'node has file capabilities or is set-user-id, so the kernel clears the signal'
      }
    }
    return undefined
  } catch (error) {
    // A process with more rights than its user may not look at itself.
    if (errorCode(error) === 'EACCES')
      return 'node may not read /proc/self/auxv, as programs with file capabilities'
    if (errorCode(error) === 'ENOENT') return undefined // no /proc: nothing says that it would be cleared
    throw error
  }
}
