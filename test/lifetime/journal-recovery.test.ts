import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePath, encodePath, parseJournalName } from '../../src/lifetime/journal-format.ts'
import { isGone, until } from './conditions.ts'
import { makeRoot, newScope, startVictim, sweepWith, writeJournal } from './journal-files.ts'
import { tempFolder } from './temp-folder.ts'

test('every path is one word without spaces, and comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodePath(text)
      assert.match(encoded, /^[A-Za-z0-9/._\\-]*$/)
      assert.equal(decodePath(encoded), Buffer.from(text).toString())
    }),
  )
})

test('a name of a journal says whose it is, and every other name is none', () => {
  const scope = newScope()
  assert.deepEqual(parseJournalName(`12-34-${scope}.v1`), {
    pid: 12,
    startTime: '34',
    scope,
    unfinished: false,
    claimant: undefined,
  })
  assert.deepEqual(parseJournalName(`12-34-${scope}.v1~5-6`)?.claimant, { pid: 5, startTime: '6' })
  assert.equal(parseJournalName(`12-34-${scope}.v1+`)?.unfinished, true)
  for (const name of [
    `0-34-${scope}.v1`,
    `12-34-${scope}.v2`,
    `12-34-${scope.slice(1)}.v1`,
    `12-34-${scope}.v1\n`,
    `-12-34-${scope}.v1`,
    'ended.log',
    '',
  ]) {
    assert.equal(parseJournalName(name), undefined, name)
  }
})

/** One record of a journal, by what it is about; `stranger` ones must never be acted upon. */
const record = fc.constantFrom(
  'directory',
  'process',
  'stranger process',
  'stranger directory',
  'junk',
)

test('a journal cut at any byte: each whole record is honoured, the torn one and strangers are left', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 6 }),
      fc.nat({ max: 10_000 }).map((part) => part / 10_000),
      async (kinds, part) => {
        const folder = tempFolder(t)
        const scope = newScope()
        const made = kinds.map((kind, index) => make(kind, index, folder, scope))
        const text = Buffer.from(made.map(({ lines }) => lines).join(''))
        const cut = Math.round(part * text.length)
        sweepWith(['sh'], [writeJournal({ state: folder, scope }, text.subarray(0, cut))])
        let end = 0
        for (const item of made) {
          end += Buffer.byteLength(item.lines)
          if (item.isOurs && end <= cut) await until(item.isEnded, `${item.kind} to be ended`)
          else
            assert.ok(!item.isEnded(), `${item.kind}, whose record is torn or another's, was ended`)
        }
      },
    ),
    { numRuns: 40, endOnFailure: true },
  )

  function make(kind: string, index: number, folder: string, scope: string) {
    if (kind === 'junk') {
      const lines = `${['p', 'zz 1 2', 'i 1', '  ', 'p 1 1', 'd /'][index] ?? 'p -1 -1'}\n`
      return { kind, lines, isOurs: false, isEnded: () => false }
    }
    if (kind.endsWith('process')) {
      const { pid, record: line } = startVictim(t)
      const isOurs = kind === 'process'
      const lines = isOurs ? line : line.replace(/\d+\n/, '17\n')
      return { kind, lines, isOurs, isEnded: () => isGone(pid) }
    }
    const isOurs = kind === 'directory'
    const parent = path.join(folder, `parent ${index}`)
    mkdirSync(parent)
    const { root, record: line } = makeRoot(parent, isOurs ? scope : newScope())
    writeFileSync(path.join(root, 'file'), '')
    const lines = `d ${encodePath(root)}\n${line}`
    return { kind, lines, isOurs, isEnded: () => !existsSync(root) }
  }
})

test('ten thousand records are all honoured', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t)
  const scope = newScope()
  const victims = Array.from({ length: 20 }, () => startVictim(t))
  const { root, record: made } = makeRoot(folder, scope)
  const gone = Array.from({ length: 10_000 }, (_, index) => `p ${3_000_000 + index} ${index}\n`)
  for (const [index, victim] of victims.entries()) gone.splice(index * 500, 0, victim.record)
  sweepWith(['sh'], [writeJournal({ state: folder, scope }, gone.join('') + made)])
  for (const { pid } of victims) await until(() => isGone(pid), `process ${pid} to be gone`)
  assert.ok(!existsSync(root))
})
