/**
 * What `exec` does with signals: the command gets them, and decides.
 *
 * Where the command has a session of its own, everything that arrives here is passed on to its group. In a terminal it is
 * in our group, and what the keyboard sends (INT, QUIT, TSTP) has reached it already, if it was there.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Supervision } from '../supervisor/supervise.ts'

const PASSED: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
]
const FROM_KEYBOARD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']
/** A program that handles Ctrl-Z (an editor, a pager) needs a moment to restore the terminal before it stops. */
const stopWindowMs = 1000

/** Signals on their way to a command. */
export interface PassedSignals {
  /** From now on the command gets them, those first that came while it was being started. */
  to(supervision: Supervision): void
  /** The command is over, and says how this process ends: what comes now is too late to change that. */
  end(): void
  /** Does something that may wait for others without an end: they have their default action meanwhile. */
  without(work: () => void): void
}

/** Listens from now on. Call it before the command is started: it may be signalled as soon as it runs. */
export function passSignals(): PassedSignals {
  let command: Supervision | 'starting' | 'over' = 'starting'
  const early: { readonly signal: NodeJS.Signals; readonly atMs: number }[] = []
  const pass = (signal: NodeJS.Signals, atMs: number): void => {
    if (command === 'over') return
    if (command === 'starting') early.push({ signal, atMs })
    else if (!FROM_KEYBOARD.includes(signal) || isForUs(command, atMs)) command.forward(signal)
  }
  const onSignal = (signal: NodeJS.Signals): void => pass(signal, performance.now())
  const onStop = (): void => {
    if (typeof command === 'object') void stopWith(command, onStop)
  }
  const listen = (how: 'on' | 'off'): void => {
    for (const signal of [...PASSED, ...FROM_KEYBOARD]) process[how](signal, onSignal)
    process[how]('SIGTSTP', onStop)
  }
  listen('on')
  return {
    to(supervision) {
      command = supervision
      for (const { signal, atMs } of early.splice(0)) pass(signal, atMs)
    },
    end() {
      command = 'over'
    },
    without(work) {
      listen('off')
      work()
      listen('on')
    },
  }
}

/** Whether the terminal has sent it to us alone: the command has a session of its own, or was not there yet. */
function isForUs({ leadsSession, startedAtMs }: Supervision, atMs: number): boolean {
  return leadsSession || atMs < startedAtMs
}

/** Stops when the command has stopped, so that the shell gets the terminal in the state that the command leaves it in. */
async function stopWith(supervision: Supervision, onStop: () => void): Promise<void> {
  if (supervision.leadsSession) supervision.forward('SIGTSTP')
  const startedAt = performance.now()
  while (!supervision.isStopped()) {
    // It does not want to: then it is as if nobody had asked.
    if (performance.now() - startedAt > stopWindowMs) return
    await delay(5)
  }
  // By the default action, so that the shell sees which signal it was.
  process.off('SIGTSTP', onStop)
  process.kill(process.pid, 'SIGTSTP')
  process.on('SIGTSTP', onStop)
}
