import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { commandTemplate } from '../../src/batch/command-template.ts'
import { piecesOf, valueOf, type Placeholder } from '../../src/batch/placeholders.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from './temp-folder.ts'

const words = (template: readonly string[], text: string): readonly string[] =>
  commandTemplate(template, { shell: false }).words({ text, place: 3, slot: 2 })

/** What `sh` makes of a script, for one input. */
function shell(script: string, text: string): string {
  const [file = '', ...args] = commandTemplate([script], { shell: true }).words({
    text,
    place: 3,
    slot: 2,
  })
  return execFileSync(file, args, { encoding: 'utf8' })
}

const names: readonly Placeholder[] = ['{}', '{.}', '{/}', '{//}', '{/.}']

test('placeholders are those of GNU parallel', { skip: needs('parallel') }, (t) => {
  const home = tempFolder(t)
  // No newlines, with which parallel's own patterns stop half way; no braces, which it replaces once more.
  const word = fc.array(fc.constantFrom('a', 'b', '.', '/', ' ', '-', "'", '$', 'é'), {
    maxLength: 12,
  })
  const inputs = fc.sample(word, { numRuns: 150, seed: 1 }).map((letters) => letters.join(''))
  const odd = ['', '.', '..', '/', '//', '/a', '//a', 'a/', 'a//', 'a//b', '.x', 'a/.x', 'x.', '-n']
  const all = [...odd, ...inputs]
  const theirs = execFileSync(
    'parallel',
    ['-0', '-k', '-j4', '-q', 'printf', '%s\\0', ...names, '{#}', 'x{.}y', '{}{/}', '{ }'],
    {
      input: all.map((text) => `${text}\0`).join(''),
      encoding: 'utf8',
      env: { ...process.env, PARALLEL_HOME: home, HOME: home },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  const ours = all.flatMap((text, at) => {
    const input = { text, place: at + 1, slot: 1 }
    const template = commandTemplate([...names, '{#}', 'x{.}y', '{}{/}', '{ }'], { shell: false })
    return template.words(input)
  })
  assert.deepEqual(ours, theirs.split('\0').slice(0, -1))
})

test('without a placeholder the input comes last, and any placeholder keeps it from that', () => {
  assert.deepEqual(words(['gzip', '-9'], 'a b'), ['gzip', '-9', 'a b'])
  assert.deepEqual(words(['echo', '{#}'], 'a'), ['echo', '3'])
  assert.deepEqual(words(['echo', '{%}'], 'a'), ['echo', '2'])
  assert.deepEqual(words(['{}', '-v'], 'ls'), ['ls', '-v'])
})

test('what an input brings in is not replaced again, and what is no placeholder stays', () => {
  assert.deepEqual(words(['{}', '{.}'], '{/}.{#}'), ['{/}.{#}', '{/}'])
  const others = ['{1}', '{ }', '{print $1}', '{...}', '{{}}', '{}{}']
  assert.deepEqual(words(others, 'x'), ['{1}', '{ }', '{print $1}', '{...}', '{x}', 'xx'])
})

test('the program is known before the inputs when it has no placeholder', () => {
  assert.equal(commandTemplate(['ls', '{}'], { shell: false }).program, 'ls')
  assert.equal(commandTemplate(['./{}.sh'], { shell: false }).program, undefined)
  assert.equal(commandTemplate(['{} -v'], { shell: true }).program, '/bin/sh')
  assert.throws(() => commandTemplate([], { shell: false }), { code: 'ERR_OPTION' })
  assert.throws(() => commandTemplate(['', 'a'], { shell: false }), { code: 'ERR_OPTION' })
})

test('other words, or a shell, are another command', () => {
  const hash = (template: readonly string[], isShell = false): string =>
    commandTemplate(template, { shell: isShell }).hash
  const hashes = [
    hash(['a', 'b']),
    hash(['a b']),
    hash(['a', '{}'], true),
    hash(['a', '{}']),
    hash(['a', 'b', '']),
    hash(['b', 'a']),
  ]
  assert.equal(new Set(hashes).size, hashes.length)
  assert.equal(hash(['a', 'b']), hash(['a', 'b']))
})

const hostile = [
  "it's",
  'a  b',
  '$(echo code >&2; echo code)',
  '`echo code`',
  '"; echo code; "',
  "'; echo code; '",
  '\\',
  '\\\\"$HOME*?[a]~#!',
  '-n',
  'a\nb',
  '${HOME}',
  '{}',
  '$1',
]

test('--shell: an input is never code, wherever it stands', () => {
  for (const text of hostile) {
    assert.equal(shell('printf %s {}', text), text)
    assert.equal(shell('printf %s "{}"', text), text)
    assert.equal(shell("printf %s '{}'", text), text)
    assert.equal(shell('printf %s x{}y', text), `x${text}y`)
    assert.equal(shell('printf %s "it\'s {}"', text), `it's ${text}`)
    assert.equal(shell(`printf %s 'say "{}"'`, text), `say "${text}"`)
    assert.equal(shell('printf %s "$(printf %s {})"', text), text)
    assert.equal(shell('printf %s "`printf %s {}`"', text), text)
    assert.equal(shell('# it\'s a "comment\nprintf %s {}', text), text)
    assert.equal(shell('f() { printf %s "$1{}"; }; f x', text), `x${text}`)
    assert.equal(shell('printf "%s|" {} {#} "$#"', text), `${text}|3|0|`)
  }
})

test('--shell: a script without a placeholder is refused, since a command could begin at its end', () => {
  for (const script of ['echo a;', 'echo a &', 'echo a # {}', 'echo'])
    assert.throws(() => shell(script, './evil'), { code: 'ERR_OPTION' })
})

test('--shell: what is quoted wrong may fall apart into words, and is no code still', () => {
  const runsCode = (script: string): boolean => {
    try {
      return /^code$/m.test(shell(script, '$(echo code) `echo code`; echo code'))
    } catch {
      return false // a script that the shell does not take
    }
  }
  const pieces = fc.array(
    fc.constantFrom(
      '{}',
      '"',
      "'",
      '`',
      '$(',
      ')',
      '\\',
      ' ',
      'echo ',
      '#',
      '\n',
      '(',
      'case a in a) ',
    ),
    { maxLength: 10 },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      assert.ok(!runsCode(`true ${parts.join('')}`))
    }),
    { numRuns: 150 },
  )
})

test('--shell: a placeholder in arithmetic is refused, an escaped one stays', () => {
  assert.throws(() => commandTemplate(['echo $((1 + {}))'], { shell: true }), {
    code: 'ERR_OPTION',
    message: /\$\(\( \)\)/,
  })
  assert.equal(shell('printf %s \\{} {#}', 'a'), '{}3')
})

test('the line that is shown is one that a shell reads the same way', () => {
  for (const text of hostile) {
    const input = { text, place: 1, slot: 1 }
    const plain = commandTemplate(['printf', '%s|', '{}', '{#}', ''], { shell: false })
    const script = commandTemplate([`printf '%s|' {} "{}" 'x{}'`], { shell: true })
    const run = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' })
    assert.equal(run(plain.line(input)), `${text}|1||`)
    assert.equal(run(script.line(input)), `${text}|${text}|x${text}|`)
  }
})

test('pieces keep every character', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', '/', '.', '#', '%', 'a') }), (word) => {
      const back = piecesOf(word).map((piece) =>
        typeof piece === 'string' ? piece : piece.placeholder,
      )
      assert.equal(back.join(''), word)
    }),
  )
  assert.equal(valueOf('{/.}', { text: 'a\nb/c.d', place: 1, slot: 1 }), 'c')
})
