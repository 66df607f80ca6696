import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PressureError, WorkerDiedError, WorkerStartError } from '../../src/errors.ts'
import { pressureOf } from '../../src/executor/pressure.ts'

function withCode(code: string, message = 'refused'): Error {
  return Object.assign(new Error(message), { code })
}

function died(stderr: string, signal: string | null = null): WorkerDiedError {
  const nothing = { worker: 1, pid: 1, exitCode: null, task: 'a', ran: true }
  return new WorkerDiedError({ ...nothing, stderr, signal })
}

test('what was short is told from every error of a start, however deep', () => {
  const pressure = { left: 1, needed: 2, limit: 3, where: '/file' }
  const cases: [unknown, string | undefined, string?][] = [
    [new PressureError({ ...pressure, resource: 'memory' }), 'memory', 'ERR_PRESSURE'],
    [withCode('EAGAIN'), 'processes', 'EAGAIN'],
    [withCode('ENOMEM'), 'memory', 'ENOMEM'],
    [withCode('EMFILE'), 'descriptors', 'EMFILE'],
    [withCode('ENFILE'), 'descriptors', 'ENFILE'],
    [withCode('ERR_WORKER_OUT_OF_MEMORY'), 'heap', 'ERR_WORKER_OUT_OF_MEMORY'],
    [
      withCode('ERR_WORKER_INIT_FAILED', 'Worker initialization failure: EMFILE'),
      'descriptors',
      'ERR_WORKER_INIT_FAILED',
    ],
    [withCode('ERR_WORKER_INIT_FAILED', 'Failure'), 'processes', 'ERR_WORKER_INIT_FAILED'],
    [
      died('FATAL ERROR: Reached heap limit - JavaScript heap out of memory'),
      'heap',
      'ERR_WORKER_OUT_OF_MEMORY',
    ],
    [died('', 'SIGKILL'), undefined],
    [withCode('ENOENT'), undefined],
    [new Error('no'), undefined],
    ['EAGAIN', undefined],
    [undefined, undefined],
  ]
  for (const [error, resource, code] of cases) {
    const wrapped = [
      error,
      new WorkerStartError(5, error),
      new WorkerStartError(5, new Error('could not be spawned', { cause: error })),
      new AggregateError([new Error('another'), error]),
    ]
    for (const one of wrapped) {
      const found = pressureOf(one)
      assert.deepEqual(found, resource === undefined ? undefined : { resource, code })
    }
  }
})

test('errors that are their own cause end the search', () => {
  const error = new Error('round')
  error.cause = error
  assert.equal(pressureOf(error), undefined)
})
