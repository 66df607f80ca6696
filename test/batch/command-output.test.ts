import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'

import { CommandOutput } from '../../src/batch/command-output.ts'
import { CommandWriter } from '../../src/batch/command-writer.ts'
import { tempFolder } from './temp-folder.ts'

const never = new AbortController().signal

function filled(text: string | readonly string[]): CommandOutput {
  const output = new CommandOutput()
  for (const part of typeof text === 'string' ? [text] : text) output.add(Buffer.from(part))
  return output
}

function written(isTagged: boolean): {
  readonly writer: CommandWriter
  readonly text: () => readonly [string, string]
} {
  const parts: [Buffer[], Buffer[]] = [[], []]
  const sinks = {
    stdout: { write: (chunk: Buffer) => void parts[0].push(chunk) },
    stderr: { write: (chunk: Buffer) => void parts[1].push(chunk) },
  }
  const text = (): readonly [string, string] => [
    Buffer.concat(parts[0]).toString(),
    Buffer.concat(parts[1]).toString(),
  ]
  return { writer: new CommandWriter(sinks, { tag: isTagged }), text }
}

test('large output goes into a file without a name, and comes back as it was', (t) => {
  const folder = tempFolder(t)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  const output = new CommandOutput()
  t.after(() => output.close())
  const parts = Array.from({ length: 100 }, (_, n) => Buffer.alloc(10_007, n))
  for (const part of parts) output.add(part)
  assert.ok(output.isSpilled)
  assert.deepEqual(readdirSync(folder), [], 'the file has no name')
  assert.equal(output.bytes, 100 * 10_007)
  assert.ok(Buffer.concat([...output.chunks()]).equals(Buffer.concat(parts)))
  // Whatever was read, the end is what came last.
  assert.equal(output.tail(), '\u0063'.repeat(2048))
  assert.ok([...output.chunks()].every((chunk) => chunk.length <= 64 * 1024))
})

test('small output stays in memory', () => {
  const output = filled(['a', 'b'])
  assert.ok(!output.isSpilled)
  assert.equal(output.tail(), 'ab')
  output.close()
  assert.deepEqual([...output.chunks()], [])
})

test('output that cannot be kept is told, and throws nowhere', (t) => {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = '/nowhere/at/all'
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  const output = filled(['x'.repeat(200_000), 'y'])
  assert.match(String(output.error), /ENOENT/)
  output.close()
})

test('each stream goes to its own, one after the other', async () => {
  const { writer, text } = written(false)
  assert.ok(await writer.write('i', { stdout: filled('out\n'), stderr: filled('err') }, never))
  assert.deepEqual(text(), ['out\n', 'err'])
})

test('--tag begins each line with the input, also across chunks and without a newline at the end', async () => {
  const { writer, text } = written(true)
  const stdout = filled(['on', 'e\ntwo\n', '\n', 'rest'])
  await writer.write('a b', { stdout, stderr: filled('') }, never)
  assert.deepEqual(text(), ['a b\tone\na b\ttwo\na b\t\na b\trest', ''])
  const lines = written(true)
  await lines.writer.write('x\ny', { stdout: filled('1\n'), stderr: filled('2\n') }, never)
  assert.deepEqual(lines.text(), ['x y\t1\n', 'x y\t2\n'])
})

test('a reader that takes nothing is waited for until the run gives up', async () => {
  const stop = new AbortController()
  const full = new Promise<void>(() => {})
  const sinks = { stdout: { write: () => full }, stderr: { write: () => {} } }
  const writing = new CommandWriter(sinks, { tag: false }).write(
    'i',
    { stdout: filled('out'), stderr: filled('err') },
    stop.signal,
  )
  stop.abort()
  assert.equal(await writing, false)
})
