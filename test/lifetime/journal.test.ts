import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { executorsOf } from '../../src/lifetime/journal-reader.ts'
import { Journal } from '../../src/lifetime/journal.ts'
import { identify } from '../../src/os/process-identity.ts'
import { needs } from '../helpers/needs.ts'
import { startVictim } from './journal-files.ts'
import { tempFolder } from './temp-folder.ts'

test('each record is in the file when the call returns', (t) => {
  const file = path.join(tempFolder(t), 'journal')
  const journal = Journal.create(file, ['m 1', 'o 0'])
  journal.recordProcess({ pid: 12, startTime: '34' })
  journal.intendDirectory('/a b')
  journal.recordDirectory('/a b', 5n, 6n)
  assert.equal(readFileSync(file, 'utf8'), 'm 1\no 0\np 12 34\nd /a\\0040b\ni 5 6 /a\\0040b\n')
  journal.remove()
  assert.ok(!existsSync(file))
})

test('a long journal is rewritten with what is still there, and goes on', (t) => {
  const folder = tempFolder(t)
  const file = path.join(folder, 'journal')
  const journal = Journal.create(file, ['m 1'])
  const { pid } = startVictim(t)
  const living = identify(pid)
  assert.ok(living)
  journal.intendDirectory('/kept')
  journal.recordProcess(living)
  journal.noteExecutor('a1', 'process open pool')
  journal.noteExecutor('a1', 'process draining pool')
  journal.noteExecutor('a2', 'thread open gone')
  journal.forgetExecutor('a2')
  for (let index = 0; index < 10_000; index++)
    journal.recordProcess({ pid: 4_000_000 + index, startTime: '1' })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.ok(lines.length < 5000, `${lines.length} lines`)
  assert.ok(lines.includes('m 1') && lines.includes('d /kept'))
  assert.ok(lines.includes(`p ${pid} ${living.startTime}`))
  assert.deepEqual(
    lines.filter((line) => line.startsWith('x')),
    ['x + a1 process draining pool'],
  )
  assert.equal(lines.at(-1), 'p 4009999 1')
  assert.deepEqual(readdirSync(folder), ['journal'])
  journal.remove()
})

test(
  'what was made in /dev/shm is recorded once, and forgotten; a rewriting leaves out what has gone',
  {
    skip: needs('linux'),
  },
  (t) => {
    const file = path.join(tempFolder(t), 'journal')
    const journal = Journal.create(file, ['m 1'])
    const name = `tl-${randomBytes(6).toString('hex')} x`
    writeFileSync(`/dev/shm/${name}`, '')
    t.after(() => rmSync(`/dev/shm/${name}`, { force: true }))
    const { dev, ino } = statSync(`/dev/shm/${name}`)
    const line = `s ${dev} ${ino} ${name.replace(' ', '\\0040')}\n`
    journal.recordObject({ dev, ino, name })
    journal.recordObject({ dev, ino, name })
    journal.recordObject({ dev, ino: 7, name: 'gone' })
    journal.recordObject({ dev, ino: 8, name: 'other' })
    journal.forgetObject({ dev, ino: 8 })
    journal.forgetObject({ dev, ino: 9 })
    const text = `m 1\n${line}s ${dev} 7 gone\ns ${dev} 8 other\nt ${dev} 8\n`
    assert.equal(readFileSync(file, 'utf8'), text)
    journal.rewrite()
    assert.equal(readFileSync(file, 'utf8'), `m 1\n${line}`)
    journal.remove()
  },
)

test('a journal that a cleaner of temporary files took away is noticed and written again', (t) => {
  const file = path.join(tempFolder(t), 'journal')
  const journal = Journal.create(file, ['m 1'])
  const { pid } = startVictim(t)
  const living = identify(pid)
  assert.ok(living)
  journal.recordProcess(living)
  assert.ok(journal.isInPlace())
  renameSync(file, `${file}.taken`)
  assert.ok(!journal.isInPlace())
  writeFileSync(file, 'somebody else')
  assert.ok(!journal.isInPlace())
  journal.rewrite()
  assert.ok(journal.isInPlace())
  assert.equal(readFileSync(file, 'utf8'), `m 1\np ${pid} ${living.startTime}\n`)
  journal.remove()
})

test('the last word about an executor counts', () => {
  const text = [
    'x + a1 process open pool',
    'x + a2 thread open an\\0040other',
    'x + a3 thread open gone',
    'x - a3',
    'x + a4 unknown open x',
    'x + a5 thread',
  ].join('\n')
  assert.deepEqual(executorsOf(text, 'scope'), [
    { name: 'pool', kind: 'process', state: 'open', stats: undefined, owner: 'scope' },
    { name: 'an other', kind: 'thread', state: 'open', stats: undefined, owner: 'scope' },
  ])
})
