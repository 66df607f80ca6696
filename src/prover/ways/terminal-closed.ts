import { spawnSync } from 'node:child_process'
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
  lack() {
    const { error, status } = spawnSync('script', around('true'), { stdio: 'ignore' })
    if (error) return 'there is no script in PATH (it is in util-linux)'
    return status === 0 ? undefined : 'the script in PATH is not that of util-linux'
  },
  wrap: (words) => ['script', ...around(`exec ${words.map(quote).join(' ')}`)],
  end(trial) {
    // It goes on after its terminal: what ends with `script` is the terminal alone.
    const command = trial.look().find(({ ppid }) => ppid === trial.root.pid)
    return trial.signalRoot('SIGKILL') ? (command ?? trial.root) : undefined
  },
}

function around(text: string): readonly string[] {
  return ['--quiet', '--return', '--command', text, '/dev/null']
}

/** `script` takes one text, and gives it to a shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
