import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { LeakWarnings } from '../../src/prover/leak-warnings.ts'

const said = [
  'lib/loky/backend/resource_tracker.py:359: UserWarning: resource_tracker: There appear to be 9 leaked semlock objects to clean up at shutdown',
  "  warnings.warn('resource_tracker: There appear to be %d '",
  "resource_tracker: '/psm_89f4cb28': [Errno 2] No such file or directory: '/psm_89f4cb28'",
  "resource_tracker.py:276: UserWarning: resource_tracker: There appear to be 5 leaked semaphore objects to clean up at shutdown: {'/mp-a'}",
  'tidypool: 2 leaked',
]

async function read(chunks: readonly string[]): Promise<LeakWarnings> {
  const stream = Readable.from(chunks.map((text) => Buffer.from(text)))
  const warnings = new LeakWarnings(stream)
  await finished(stream)
  return warnings
}

test('warnings are counted however the text is cut, also in a last line without an end', async () => {
  const text = said.join('\n')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(text.length), { maxLength: 6 }),
      fc.boolean(),
      async (cuts, isEnded) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const chunks = places.slice(1).map((to, at) => text.slice(places[at], to))
        const warnings = await read([...chunks, isEnded ? '\n' : ''])
        assert.equal(warnings.count, 2)
        assert.equal(warnings.lastLines.at(-1), said.at(-1))
      },
    ),
  )
})

test('nothing is no warning, and needs no stream', async () => {
  assert.equal((await read([])).count, 0)
  assert.equal(new LeakWarnings(null).count, 0)
})
