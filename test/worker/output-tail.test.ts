import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import { OutputTail } from '../../src/worker/output-tail.ts'

function collector(): { readonly to: Writable; readonly text: () => string } {
  const chunks: Buffer[] = []
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { to, text: () => Buffer.concat(chunks).toString('utf8') }
}

async function tailOf(
  chunks: readonly (string | Buffer)[],
): Promise<{ readonly tail: OutputTail; readonly passed: string }> {
  const from = new PassThrough()
  const { to, text } = collector()
  const tail = new OutputTail(from, () => to)
  for (const chunk of chunks) from.write(chunk)
  from.end()
  await tail.closed
  return { tail, passed: text() }
}

test('everything is passed on, and the last lines are kept', async () => {
  const lines = Array.from({ length: 100 }, (_, n) => `line ${n}\n`)
  const { tail, passed } = await tailOf(lines)
  assert.equal(passed, lines.join(''))
  assert.deepEqual(
    tail.text().split('\n'),
    Array.from({ length: 12 }, (_, n) => `line ${88 + n}`),
  )
})

test('a character that arrives in two parts is one character', async () => {
  const bytes = Buffer.from('Größe: 10 €')
  const { tail } = await tailOf(Array.from(bytes, (byte) => Buffer.from([byte])))
  assert.equal(tail.text(), 'Größe: 10 €')
})

test('a megabyte without a line end is cut', async () => {
  const { tail, passed } = await tailOf(Array.from({ length: 16 }, () => 'x'.repeat(64 * 1024)))
  assert.equal(passed.length, 2 ** 20)
  assert.ok(tail.text().length <= 16 * 1024)
})

test('the reason that V8 gives is kept, however long the stack after it', async () => {
  const { tail } = await tailOf([
    'FATAL ERROR: Reached heap limit\n',
    ...Array.from({ length: 50 }, (_, n) => ` ${n}: 0x1 node\n`),
  ])
  assert.match(tail.text(), /^FATAL ERROR: Reached heap limit\n/)
})

test('it stops reading while the receiver can take no more, with one listener for all', async () => {
  const released: (() => void)[] = []
  const to = new Writable({
    highWaterMark: 10,
    write: (_chunk, _encoding, done) => void released.push(done),
  })
  const sources = Array.from({ length: 20 }, () => new PassThrough())
  const tails = sources.map((from) => new OutputTail(from, () => to))
  for (const from of sources) from.write('x'.repeat(100))
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(sources.every((from) => from.isPaused()))
  assert.ok(to.listenerCount('drain') <= 1)
  while (released.length > 0) {
    for (const done of released.splice(0)) done()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(sources.every((from) => !from.isPaused()))
  for (const tail of tails) tail.close()
})
