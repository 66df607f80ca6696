import assert from 'node:assert/strict'
import { linkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { UnchangedNames } from '../../src/supervisor/unchanged-names.ts'
import { tempFolder } from '../batch/temp-folder.ts'
import { until } from '../helpers/until.ts'

test('each name that comes, goes or is given to another file changes a directory, and nothing else does', async (t) => {
  const folder = tempFolder(t)
  const file = (name: string): string => path.join(folder, name)
  writeFileSync(file('old'), '')
  const names = new UnchangedNames(folder)
  assert.equal(names.areAsBefore(), false)
  const changes = [
    () => writeFileSync(file('new'), ''),
    () => linkSync(file('new'), file('link')),
    () => renameSync(file('new'), file('old')),
    () => unlinkSync(file('link')),
  ]
  for (const change of changes) {
    await until(() => names.areAsBefore(), 'the directory to be unchanged for a while')
    writeFileSync(file('old'), 'written')
    assert.equal(names.areAsBefore(), true)
    change()
    assert.equal(names.areAsBefore(), false)
  }
  names.forget()
  assert.equal(names.areAsBefore(), false)
  assert.equal(new UnchangedNames(file('missing')).areAsBefore(), false)
})
