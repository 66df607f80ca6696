import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

import { sharedState } from '../lifetime/state.ts'

/** The default action of these writes an image of the process's memory. */
const dumping: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGSYS',
])

/**
 * Ends this process by the signal that ended its command, so that whoever waits for it sees what really happened. The
 * command has left its core file, if one was wanted; ours would overwrite it and tells nothing.
 *
 * Where a signal cannot do it, the exit code says `128 + n`.
 */
export function dieBySignal(signal: NodeJS.Signals): void {
  process.exitCode = 128 + os.constants.signals[signal]
  // Nothing is held any more. The guardian must not take it for a death in the middle: it would end what may stay.
  const { scope } = sharedState()
  if (scope?.holds === 0) scope.endSync()
  // The kernel drops a signal that process 1 sends to itself with its default action.
  if (process.pid === 1) process.exit()
  if (dumping.has(signal) && !preventCoreFile()) return
  restoreDefault(signal)
  process.kill(process.pid, signal)
}

/** Until now it was for the command. Node ignores two signals; a listener that goes has it give back the default action. */
function restoreDefault(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  if (signal !== 'SIGPIPE' && signal !== 'SIGXFSZ') return
  const listener = (): void => {}
  process.on(signal, listener)
  process.off(signal, listener)
}

/** @returns whether no core file will be written. */
function preventCoreFile(): boolean {
  if (!wantsCoreFile()) return true
  // Of one byte: then neither a file is written nor a program started that stores it, see core(5).
  const args = ['--core=1:', '--pid', String(process.pid)]
  return spawnSync('prlimit', args, { stdio: 'ignore' }).status === 0
}

function wantsCoreFile(): boolean {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    const soft = /^Max core file size\s+(\w+)/m.exec(limits)?.[1]
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1')
    // What is piped into a program has no limit but the one byte.
    return soft !== '1' && (soft !== '0' || pattern.startsWith('|'))
  } catch {
    return process.platform !== 'win32' // no /proc: it may be so
  }
}
