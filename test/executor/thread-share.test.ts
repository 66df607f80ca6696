import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf, threadVariables } from '../../src/executor/thread-share.ts'

test('a share is at least one processor', () => {
  assert.deepEqual([shareOf(8, 2), shareOf(8, 3), shareOf(2, 16)], [4, 2, 1])
})

test('variables of the user stay, those that we set are lowered further down', () => {
  const first = threadVariables(4, undefined, { MKL_NUM_THREADS: '8' })
  assert.equal(first['OMP_NUM_THREADS'], '4')
  assert.equal(first['UV_THREADPOOL_SIZE'], '4')
  assert.equal(first['MKL_NUM_THREADS'], undefined)
  const second = threadVariables(1, 4, { ...first, MKL_NUM_THREADS: '8', GOMAXPROCS: '3' })
  assert.equal(second['OMP_NUM_THREADS'], '1')
  assert.equal(second['UV_THREADPOOL_SIZE'], '2')
  assert.equal(second['MKL_NUM_THREADS'], undefined)
  assert.equal(second['GOMAXPROCS'], undefined)
})
