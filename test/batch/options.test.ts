import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { chooseExport } from '../../src/batch/choose-export.ts'
import { mustHalt, parseHalt } from '../../src/batch/halt.ts'
import { parseJobs } from '../../src/batch/jobs.ts'
import { parseParams } from '../../src/batch/params.ts'
import { parseTaskRef } from '../../src/batch/task-ref.ts'
import { tempFolder } from './temp-folder.ts'

test('parameters are text, whatever they look like', () => {
  assert.deepEqual(parseParams(['a=1', 'b=', 'c=x=y', 'version=1.10']), {
    a: '1',
    b: '',
    c: 'x=y',
    version: '1.10',
  })
  const params = parseParams(['__proto__=x'])
  assert.deepEqual(Object.entries(params), [['__proto__', 'x']])
  for (const texts of [['a'], ['=1'], [''], ['a=1', 'a=2']]) {
    assert.throws(() => parseParams(texts), { code: 'ERR_OPTION', option: '--param' })
  }
})

test('halt policies are read as GNU parallel writes them', () => {
  assert.deepEqual(parseHalt('now,fail=3'), { when: 'now', failures: 3, unit: 'inputs' })
  assert.deepEqual(parseHalt('soon,fail=10%'), { when: 'soon', failures: 10, unit: 'percent' })
  for (const text of [
    '',
    'now',
    'later,fail=1',
    'now,fail=0',
    'now,fail=101%',
    'now,fail=-1',
    'now,fail=1.5',
    'now,done=1',
    'NOW,fail=1',
  ]) {
    assert.throws(() => parseHalt(text), { code: 'ERR_OPTION', option: '--halt', value: text })
  }
})

test('a percentage of failures counts once three inputs have finished', () => {
  const half = parseHalt('now,fail=50%')
  assert.equal(mustHalt(half, 1, 1), false)
  assert.equal(mustHalt(half, 2, 3), true)
  assert.equal(mustHalt(half, 1, 3), false)
  assert.equal(mustHalt(parseHalt('now,fail=2'), 1, 100), false)
  assert.equal(mustHalt(parseHalt('now,fail=2'), 2, 100), true)
})

test('jobs are a number, a percentage of the processors, or auto', () => {
  assert.deepEqual(
    ['3', 'auto', '50%', '1%', '200%'].map((text) => parseJobs(text, 4)),
    [3, 4, 2, 1, 8],
  )
  for (const text of ['', '0', '-1', '1.5', '0%', 'all', '5000', '1e2', '%']) {
    assert.throws(() => parseJobs(text, 4), { code: 'ERR_OPTION', option: '--jobs', value: text })
  }
})

test('the module is a file; a # in its name is no export', (t) => {
  const folder = tempFolder(t)
  writeFileSync(path.join(folder, 'tasks.mjs'), 'export default 1')
  writeFileSync(path.join(folder, 'c#.mjs'), 'export default 2')
  const tasks = parseTaskRef('tasks.mjs#score', folder)
  assert.equal(tasks.module, 'tasks.mjs')
  assert.equal(tasks.exportName, 'score')
  assert.match(tasks.hash, /^[0-9a-f]{32}$/)
  assert.equal(parseTaskRef('./tasks.mjs', folder).exportName, undefined)
  assert.equal(parseTaskRef('c#.mjs', folder).module, 'c#.mjs')
  assert.equal(parseTaskRef('c#.mjs#run', folder).exportName, 'run')
  assert.notEqual(parseTaskRef('c#.mjs', folder).hash, tasks.hash)
  for (const text of ['', 'nope.mjs', 'tasks.mjs#', '#x', '.', 'nope.mjs#x']) {
    assert.throws(() => parseTaskRef(text, folder), {
      code: 'ERR_OPTION',
      option: 'MODULE[#EXPORT]',
      value: text,
    })
  }
})

test('the task is the export asked for, else the default one, else the only one', () => {
  assert.equal(chooseExport('m', 'b', ['a', 'b']), 'b')
  assert.equal(chooseExport('m', undefined, ['a', 'default']), 'default')
  assert.equal(chooseExport('m', undefined, ['only']), 'only')
  assert.throws(() => chooseExport('m', undefined, ['a', 'b']), {
    code: 'ERR_OPTION',
    message: /#a, #b/,
  })
  assert.throws(() => chooseExport('m', 'c', ['a', 'b']), { code: 'ERR_OPTION', message: /#a, #b/ })
  assert.throws(() => chooseExport('m', undefined, []), {
    code: 'ERR_OPTION',
    message: /exports none/,
  })
})
