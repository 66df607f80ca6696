/**
 * A script for `sh` into which inputs come as variables, never as text: whatever an input is, the shell does not read it
 * as code.
 *
 * A placeholder becomes the expansion of a variable, with the quotes that its place in the script needs: `echo {}`,
 * `echo "{}"` and `echo '{}'` all print the input as it is. To find that place, quotes, substitutions and comments are
 * followed as a shell does; where that goes wrong (here-documents, `case` within `$( )`) the input may be split into
 * words, and still is no code.
 */
import { OptionError } from '../errors.ts'
import { placeholderAt, type Placeholder } from './placeholders.ts'
import { insideDouble, insideSingle, quoteWord } from './shell-quote.ts'

type Quoting = 'plain' | 'single' | 'double'

type Segment = string | { readonly placeholder: Placeholder; readonly quoting: Quoting }

export interface ShellScript {
  /** Takes the values of `placeholders` as its arguments. */
  readonly text: string
  readonly placeholders: readonly Placeholder[]
  /** The script with values in their places, quoted: for people, and for a shell. */
  show(value: (placeholder: Placeholder) => string): string
}

/** @throws {OptionError} for a placeholder in `$(( ))`, and for a script without one. */
export function shellScript(template: string): ShellScript {
  const segments = segmentsOf(template)
  // Put behind the script, an input could stand where a command begins.
  if (segments.every((segment) => typeof segment === 'string')) {
    throw new OptionError('--shell', template, 'a script in which {} says where the input goes')
  }
  const used = segments.flatMap((segment) =>
    typeof segment === 'string' ? [] : [segment.placeholder],
  )
  const placeholders = [...new Set(used)]
  const nameOf = (placeholder: Placeholder): string =>
    `tidypool_${placeholders.indexOf(placeholder) + 1}`
  // In the first line, so that a shell's messages name the right one. The script finds no arguments.
  const take = placeholders.map((placeholder, at) => `${nameOf(placeholder)}=$${at + 1}`).join(' ')
  const body = segments.map((segment) =>
    typeof segment === 'string' ? segment : expansion(nameOf(segment.placeholder), segment.quoting),
  )
  return {
    text: `${take}; shift ${placeholders.length}; ${body.join('')}`,
    placeholders,
    show: (value) =>
      segments
        .map((segment) =>
          typeof segment === 'string'
            ? segment
            : quoted(value(segment.placeholder), segment.quoting),
        )
        .join(''),
  }
}

function expansion(name: string, quoting: Quoting): string {
  const inDouble = `\${${name}}`
  if (quoting === 'double') return inDouble
  return quoting === 'single' ? `'"${inDouble}"'` : `"${inDouble}"`
}

function quoted(value: string, quoting: Quoting): string {
  if (quoting === 'double') return insideDouble(value)
  return quoting === 'single' ? insideSingle(value) : quoteWord(value)
}

/** What ends the innermost quotes or substitution. */
interface Level {
  readonly quoting: Quoting
  readonly end: "'" | '"' | ')' | '`' | '))' | undefined
}

function segmentsOf(script: string): Segment[] {
  const segments: Segment[] = []
  const levels: Level[] = [{ quoting: 'plain', end: undefined }]
  let text = ''
  const copy = (length: number): void => {
    text += script.slice(at, at + length)
    at += length
  }
  let at = 0
  while (at < script.length) {
    const level = levels.at(-1) ?? { quoting: 'plain', end: undefined }
    const placeholder = placeholderAt(script, at)
    if (placeholder !== undefined) {
      if (levels.some(({ end }) => end === '))')) throw inArithmetic(script)
      segments.push(text, { placeholder, quoting: level.quoting })
      text = ''
      at += placeholder.length
    } else if (script[at] === '\\' && level.quoting !== 'single') {
      // Two characters, so that `\{}` stays as it is.
      copy(2)
    } else if (level.end !== undefined && script.startsWith(level.end, at)) {
      levels.pop()
      copy(level.end.length)
    } else if (level.quoting === 'plain' && isComment(script, at)) {
      copy(lengthOfLine(script, at))
    } else {
      const opened = openedAt(script, at, level.quoting)
      if (opened) levels.push(opened.level)
      copy(opened?.length ?? 1)
    }
  }
  segments.push(text)
  return segments.filter((segment) => segment !== '')
}

function openedAt(
  script: string,
  at: number,
  quoting: Quoting,
): { readonly level: Level; readonly length: number } | undefined {
  if (quoting === 'single') return undefined
  if (script.startsWith('$((', at)) return { level: { quoting: 'plain', end: '))' }, length: 3 }
  if (script.startsWith('$(', at)) return { level: { quoting: 'plain', end: ')' }, length: 2 }
  switch (script.charAt(at)) {
    case '`':
      return { level: { quoting: 'plain', end: '`' }, length: 1 }
    case '"':
      return quoting === 'double'
        ? undefined
        : { level: { quoting: 'double', end: '"' }, length: 1 }
    case "'":
      return quoting === 'double'
        ? undefined
        : { level: { quoting: 'single', end: "'" }, length: 1 }
    case '(':
      return quoting === 'double' ? undefined : { level: { quoting: 'plain', end: ')' }, length: 1 }
    default:
      return undefined
  }
}

function isComment(script: string, at: number): boolean {
  return script[at] === '#' && (at === 0 || /[\s;&|()]/.test(script[at - 1] ?? ''))
}

function lengthOfLine(script: string, at: number): number {
  const end = script.indexOf('\n', at)
  return (end === -1 ? script.length : end) - at
}

/** A shell evaluates what stands there, variables included, and bash then runs `a[$(command)]`. */
function inArithmetic(script: string): OptionError {
  return new OptionError(
    '--shell',
    script,
    'a script without placeholders in $(( )), where a shell would take an input for code',
  )
}
