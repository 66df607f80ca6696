import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { formatOf, recordReader } from '../../src/batch/formats.ts'
import { nameSource } from '../../src/batch/name-source.ts'
import { parseRange, rangeSource } from '../../src/batch/range.ts'
import { BadRecord, RecordSplitter } from '../../src/batch/records.ts'
import type { InputSource, RawInput } from '../../src/batch/source.ts'
import { fileSource } from '../../src/batch/stream-source.ts'
import { tempFolder } from './temp-folder.ts'

async function all(source: InputSource): Promise<RawInput[]> {
  const inputs: RawInput[] = []
  for await (const batch of source.batches(new AbortController().signal)) inputs.push(...batch)
  return inputs
}

const noStdin = (): Readable => Readable.from([])

/** Cuts the bytes at these places, as a pipe would. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [
    0,
    ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

test('records do not depend on how the stream is cut into chunks', () => {
  const record = fc
    .string({ unit: 'binary', maxLength: 20 })
    .map((text) => text.replaceAll(/[\n\uD800-\uDFFF]/g, '\u{1F600}'))
  fc.assert(
    fc.property(
      fc.array(record),
      fc.array(fc.nat()),
      fc.boolean(),
      (records, cuts, hasLastNewline) => {
        const text = records.join('\n') + (hasLastNewline && records.length > 0 ? '\n' : '')
        const splitter = new RecordSplitter(10)
        const found = pieces(Buffer.from(text), cuts).flatMap((piece) => splitter.push(piece))
        found.push(...splitter.end())
        // Nothing after the last newline is no record; formats pass over empty records anyway.
        assert.deepEqual(
          found.filter((each) => each !== ''),
          records.filter((each) => each !== ''),
        )
      },
    ),
  )
})

test('a record that is not UTF-8 is no text, and the others are', () => {
  const splitter = new RecordSplitter(10)
  const records = [
    ...splitter.push(
      Buffer.concat([Buffer.from('a\nb\n'), Buffer.from([0xff, 0xfe]), Buffer.from('\nc\n')]),
    ),
    ...splitter.end(),
  ]
  assert.deepEqual(
    records.map((record) => (record instanceof BadRecord ? 'bad' : record)),
    ['a', 'b', 'bad', 'c'],
  )
})

test('a replacement character that is really in the text is no error', () => {
  const splitter = new RecordSplitter(10)
  assert.deepEqual(splitter.push(Buffer.from('x\n\uFFFD\ny\n')), ['x', '\uFFFD', 'y'])
})

test('lines pass over empty lines, a byte order mark and carriage returns', () => {
  const read = recordReader('lines', 'f')
  assert.deepEqual(
    read(['\uFEFFone\r', '', 'two ', '\r']).map(({ value }) => value),
    ['one', 'two '],
  )
})

test('jsonl inputs are the values; a line that is no JSON is a problem of that input alone', () => {
  const read = recordReader('jsonl', 'in.jsonl')
  const inputs = read(['{"id":7,"x":1}', '{"id":"a"}', '[1]', '{oops', '{"id":null}', '{"id":{}}'])
  assert.deepEqual(
    inputs.map(({ id }) => id),
    ['7', 'a', undefined, undefined, undefined, undefined],
  )
  assert.deepEqual(inputs[0]?.value, { id: 7, x: 1 })
  assert.match(inputs[3]?.problem ?? '', /^in\.jsonl, line 4 is not JSON: /)
  assert.equal(inputs[4]?.problem, undefined)
})

test('null records keep newlines and carriage returns', async (t) => {
  const file = path.join(tempFolder(t), 'names')
  writeFileSync(file, 'a\nb\0c\r\0')
  assert.deepEqual(
    (await all(fileSource([file], 'null', noStdin))).map(({ value }) => value),
    ['a\nb', 'c\r'],
  )
})

test('the format follows the extension', () => {
  assert.deepEqual(['a.jsonl', 'b.NDJSON', 'c.json', 'd.txt', 'e'].map(formatOf), [
    'jsonl',
    'jsonl',
    'jsonl',
    'lines',
    'lines',
  ])
})

test('several files are read one after the other, each in its format', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(path.join(folder, 'a.txt'), 'one\ntwo')
  writeFileSync(path.join(folder, 'b.jsonl'), '{"id":"x"}\n')
  const files = ['a.txt', 'b.jsonl'].map((name) => path.join(folder, name))
  const source = fileSource(files, undefined, noStdin)
  assert.deepEqual(
    (await all(source)).map(({ value }) => value),
    ['one', 'two', { id: 'x' }],
  )
  assert.equal(source.progress()?.fraction, 1)
})

test('a file that is not there or is a directory is named', async (t) => {
  const folder = tempFolder(t)
  await assert.rejects(all(fileSource([path.join(folder, 'nope')], undefined, noStdin)), {
    name: 'InputSourceError',
    message: /there is no file .*nope/,
  })
  await assert.rejects(all(fileSource([folder], undefined, noStdin)), { message: /is a directory/ })
})

test('reading stops when it is told to, also while it waits for a pipe that nobody writes to', async () => {
  const stdin = new Readable({ read() {} })
  const stop = new AbortController()
  const reading = (async () => {
    for await (const batch of fileSource(['-'], undefined, () => stdin).batches(stop.signal)) {
      assert.equal(batch.length, 1)
      stop.abort()
    }
  })()
  stdin.push('first\n')
  await reading
  assert.ok(stdin.destroyed)
})

test('a range holds both its ends, and each number is its own id', async () => {
  assert.deepEqual(
    (await all(rangeSource(parseRange('-1..2')))).map(({ id, value }) => [id, value]),
    [
      ['-1', -1],
      ['0', 0],
      ['1', 1],
      ['2', 2],
    ],
  )
  assert.equal((await all(rangeSource(parseRange('1..3000')))).length, 3000)
  for (const text of [
    '',
    '1',
    '1..',
    '..2',
    '2..1',
    '1...3',
    '1.5..2',
    'a..b',
    '1..99999999999999999999',
  ]) {
    assert.throws(() => parseRange(text), { code: 'ERR_OPTION', option: '--range', value: text })
  }
})

test('patterns stand for files, sorted; other names stand for themselves', async (t) => {
  const folder = tempFolder(t)
  mkdirSync(path.join(folder, 'sub'))
  for (const name of ['b.js', 'a.js', '[id].js', 'sub/c.js', 'd.txt'])
    writeFileSync(path.join(folder, name), '')
  const found = await nameSource([
    `${folder}/**/*.js`,
    'anything',
    `${folder}/[id].js`,
    `${folder}/*.css`,
  ])
  assert.deepEqual(
    (await all(found.source)).map(({ value }) =>
      path.relative(folder, path.resolve(folder, String(value))),
    ),
    ['[id].js', 'a.js', 'b.js', 'sub/c.js', 'anything', '[id].js'],
  )
  assert.deepEqual(found.unmatched, [`${folder}/*.css`])
  assert.equal(found.source.total, 6)
})

test('a pattern that is relative gives relative names', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(path.join(folder, 'a.js'), '')
  const { source } = await nameSource(['./*.js', '*.js'], folder)
  assert.deepEqual(
    (await all(source)).map(({ value }) => value),
    ['a.js', 'a.js'],
  )
})
