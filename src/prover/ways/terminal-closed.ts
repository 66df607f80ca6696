import { resolveCommand } from '../../os/resolve-command.ts'
import type { Way } from '../way.ts'

/**
 * The window is closed, the connection drops: `script` gives the command a terminal of its own and is killed, so that the kernel
 * hangs the terminal up.
 */
export const terminalClosed: Way = {
  id: 'terminal-closed',
  label: 'terminal closed',
  atRandomMoment: true,
  isInTerminal: true,
  lack: () =>
    resolveCommand('script', { env: process.env, cwd: undefined }) === undefined
      ? 'there is no script in PATH (it is in util-linux)'
      : undefined,
  wrap: (words) => [
    'script',
    '--quiet',
    '--return',
    '--command',
    `exec ${words.map(quote).join(' ')}`,
    '/dev/null',
  ],
  end(trial) {
    // It goes on after its terminal: what ends with `script` is the terminal alone.
    const command = trial.look().find(({ ppid }) => ppid === trial.root.pid)
    return trial.signalRoot('SIGKILL') ? (command ?? trial.root) : undefined
  },
}

/** `script` takes one text, and gives it to a shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
