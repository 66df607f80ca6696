/** A terminal with a shell in it, for what only happens in terminals. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { until, type Bench } from './command.ts'

export interface Terminal {
  /** Types text and Enter. */
  type(text: string): void
  /** Presses a key as tmux names it: `C-c`. */
  press(key: string): void
  /** What it shows, and has shown. */
  screen(): string
  cursorIsVisible(): boolean
  shows(text: RegExp): Promise<void>
  close(): void
}

/** So many that no typed line, with a path of whatever length in it, is wrapped: tmux joins what follows such a line to it. */
const columns = 600
const prompt = 'ready> '

export async function terminal({ folder, env, atEnd }: Bench): Promise<Terminal> {
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', `${folder}/tmux`, '-f', '/dev/null', ...args], {
      env: { ...env, TERM: 'xterm-256color' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const shell = 'bash --norc --noprofile -i'
  tmux('new-session', '-d', '-x', `${columns}`, '-y', '40', '-c', folder, shell)
  const close = (): void => {
    try {
      tmux('kill-server')
    } catch {
      // It ended with its last session.
    }
  }
  atEnd(close)
  const self: Terminal = {
    type(text) {
      assert.ok(prompt.length + text.length < columns, `this line would be wrapped: ${text}`)
      tmux('send-keys', '-l', text)
      tmux('send-keys', 'Enter')
    },
    press: (key) => void tmux('send-keys', key),
    screen: () => tmux('capture-pane', '-p', '-S', '-200', '-J').trimEnd(),
    cursorIsVisible: () => tmux('display-message', '-p', '#{cursor_flag}').trim() === '1',
    shows: (text) =>
      until(
        () => text.test(self.screen()),
        () => `the terminal to show ${text}, but it shows\n${self.screen()}`,
        20_000,
        // Each look starts a program.
        50,
      ),
    close,
  }
  self.type(`PS1="${prompt}"`)
  await self.shows(/ready>$/)
  return self
}
