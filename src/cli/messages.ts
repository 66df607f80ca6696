/** Words for people, on stderr. Standard output is for results. */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Coloured when stderr is a terminal and NO_COLOR does not forbid it. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr, validateStream: true })
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function printError(text: string, isJson: boolean): void {
  if (isJson) say(JSON.stringify({ schemaVersion: 1, type: 'error', message: text }))
  else say(`${paint('red', 'tidypool:')} ${text}`)
}

/** For what was not foreseen: the stack is where to begin to look. */
export function withStack(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

export function printWarning(text: string): void {
  say(`${paint('yellow', 'tidypool:')} ${text}`)
}
