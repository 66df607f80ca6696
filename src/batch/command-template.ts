/** A command with placeholders, as it stands behind `--`. Without `--shell` each word stays one word, whatever the input is. */
import { createHash } from 'node:crypto'

import { OptionError } from '../errors.ts'
import { piecesOf, valueOf, type FilledWith, type Piece } from './placeholders.ts'
import { quoteWord, quoteWords } from './shell-quote.ts'
import { shellScript } from './shell-script.ts'

export interface CommandTemplate {
  /** As results and reports name it. */
  readonly name: string
  readonly hash: string
  /** What is executed for every input; undefined when that depends on the input. */
  readonly program: string | undefined
  /** The words to execute. */
  words(input: FilledWith): readonly string[]
  /** As it could be typed into a shell. */
  line(input: FilledWith): string
}

/** @throws {OptionError} when it is no command, or inputs cannot be put into it safely. */
export function commandTemplate(
  words: readonly string[],
  { shell }: { readonly shell: boolean },
): CommandTemplate {
  // The words before hashing: how they are run is part of what was run.
  const hash = createHash('sha256')
    .update(JSON.stringify([shell ? 'shell' : 'words', ...words]))
    .digest('hex')
    .slice(0, 32)
  if (words.length === 0 || words[0] === '') {
    throw new OptionError('COMMAND', words.join(' '), 'a command behind --')
  }
  return shell ? shellTemplate(words.join(' '), hash) : wordsTemplate(words, hash)
}

function wordsTemplate(words: readonly string[], hash: string): CommandTemplate {
  const cut = withPlaceholder(words.map(piecesOf))
  const [first = []] = cut
  return {
    name: quoteWords(words),
    hash,
    program: first.every((piece) => typeof piece === 'string') ? (words[0] ?? '') : undefined,
    words: (input) => cut.map((pieces) => fill(pieces, input)),
    line: (input) => cut.map((pieces) => quoteWord(fill(pieces, input))).join(' '),
  }
}

/** A command that does not say where the input goes gets it at its end. */
function withPlaceholder(words: readonly (readonly Piece[])[]): readonly (readonly Piece[])[] {
  const hasOne = words.some((pieces) => pieces.some((piece) => typeof piece !== 'string'))
  return hasOne ? words : [...words, [{ placeholder: '{}' }]]
}

/** All at once: what comes in by one placeholder is not searched for others. */
function fill(pieces: readonly Piece[], input: FilledWith): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : valueOf(piece.placeholder, input)))
    .join('')
}

function shellTemplate(text: string, hash: string): CommandTemplate {
  const script = shellScript(text)
  const values = (input: FilledWith): string[] =>
    script.placeholders.map((placeholder) => valueOf(placeholder, input))
  return {
    name: text,
    hash,
    program: '/bin/sh',
    words: (input) => ['/bin/sh', '-c', script.text, 'sh', ...values(input)],
    line: (input) => script.show((placeholder) => valueOf(placeholder, input)),
  }
}
