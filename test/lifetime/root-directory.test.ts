import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import { makeRoot } from '../../src/lifetime/root-directory.ts'
import { tempFolder } from './temp-folder.ts'

test('a TMPDIR where others can rename what is made is refused by its name, with what to do', (t) => {
  const open = tempFolder(t)
  // As an emptyDir of Kubernetes.
  chmodSync(open, 0o777)
  const before = process.env['TMPDIR']
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  process.env['TMPDIR'] = open
  assert.throws(() => makeRoot('0123456789abcdef'.repeat(2), undefined), {
    name: 'AggregateError',
    message: `No temporary directory can be made: others can rename what is in ${open}. Set TMPDIR to a directory that you can write to and others cannot, or that has the sticky bit.`,
  })
})
