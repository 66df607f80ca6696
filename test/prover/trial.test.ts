/** What a trial sees of what a command leaves; what it takes away, and what it does not. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { whyNotPrivate } from '../../src/prover/private-objects.ts'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'
import { linesOf, tryOnce, tryUntil, wayCalled } from './trials.ts'

/** Makes a block of shared memory and a semaphore, says what they are called, and lasts. */
const python = `
import multiprocessing, sys, time
from multiprocessing import resource_tracker, shared_memory
block = shared_memory.SharedMemory(create=True, size=4096)
context = multiprocessing.get_context('spawn')
lock = context.Lock()
print(block._name, lock._semlock.name, file=open(sys.argv[1], 'w'))
time.sleep(60)
`

for (const hasPrivateObjects of [true, false]) {
  const how = hasPrivateObjects ? 'in a /dev/shm of its own' : 'in the /dev/shm of the machine'
  const skip = hasPrivateObjects
    ? needs('linux', 'python3', 'mount namespace')
    : needs('linux', 'python3')
  test(
    `prove finds and removes the objects that a killed program leaves ${how}`,
    { skip },
    async (t) => {
      const folder = temporaryFolder(t)
      const leftovers = watchLeftovers(t)
      const strange = path.join(
        '/dev/shm',
        `tp-prove-test-${process.pid}-${Number(hasPrivateObjects)}`,
      )
      t.after(() => rmSync(strange, { force: true }))
      // It appears while the command runs, and is nobody's that prove could know.
      const timer = setTimeout(() => writeFileSync(strange, 'mine'), 500)
      t.after(() => clearTimeout(timer))
      const file = path.join(folder, 'names')
      const trial = await tryOnce({
        way: wayCalled('sigkill-group'),
        words: ['python3', '-c', python, file],
        hasPrivateObjects,
      })
      const [names = ''] = linesOf(file)
      const [block = '', lock = ''] = names.split(' ')
      assert.deepEqual(
        trial.left.map(({ group, name }) => `${group} ${name}`).toSorted(),
        [
          `objects /dev/shm/${block.replace(/^\//, '')}`,
          `objects /dev/shm/sem.${lock.replace(/^\//, '')}`,
        ].toSorted(),
      )
      for (const { name } of trial.left)
        assert.equal(existsSync(name), false, `${name} is still there`)
      assert.deepEqual(trial.remains, [])
      assert.ok(existsSync(strange), 'it removed what is not the run’s')
      // Other tests may make some at the same time.
      if (hasPrivateObjects) assert.equal(trial.unattributed, 0)
      else assert.ok(trial.unattributed >= 1)
      rmSync(strange)
      await leftovers.none()
    },
  )
}

test(
  'without unshare the reason is told, and runs are watched instead',
  { skip: needs('linux') },
  (t) => {
    const before = process.env['PATH']
    t.after(() => void (process.env['PATH'] = before))
    process.env['PATH'] = '/nowhere'
    assert.match(whyNotPrivate() ?? '', /unshare/)
  },
)

test(
  'prove counts temporary files, folders and sockets of a run, and removes them',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const leftovers = watchLeftovers(t)
    const script = `
import os, socket, sys, tempfile
folder = tempfile.mkdtemp(prefix='a-')
open(os.path.join(folder, 'in it'), 'w').close()
open(tempfile.gettempdir() + '/b', 'w').close()
os.chdir(folder)
socket.socket(socket.AF_UNIX).bind('c')
`
    const trial = await tryOnce({ words: ['python3', '-c', script] })
    assert.deepEqual(
      trial.left.map(({ kind, name }) => `${kind} ${name.replace(/^a-\w+/, 'a')}`).toSorted(),
      ['file b', 'folder a', 'socket a/c'],
    )
    await leftovers.none()
  },
)

const hidden = [
  { what: 'in a session of its own', script: 'setsid sleep 1000 &' },
  { what: 'after a double fork', script: '(setsid sh -c "sleep 1000 & exit" &) & sleep 0.2' },
  { what: 'with another environment', script: 'env -i sleep 1000 &' },
]
for (const { what, script } of hidden) {
  test(`prove finds and ends a process ${what}`, { skip: needs('linux', 'setsid') }, async (t) => {
    const leftovers = watchLeftovers(t)
    const trial = await tryOnce({ words: ['sh', '-c', script], settleMs: 300 })
    assert.deepEqual(
      trial.left.map(({ group, name }) => [group, name.replace(/^\d+ /, '')]),
      [['processes', 'sleep 1000']],
    )
    await leftovers.none()
  })
}

test(
  'prove says that a command goes on, counts nothing of it, and ends it',
  { skip: needs('linux') },
  async (t) => {
    const leftovers = watchLeftovers(t)
    const script = 'trap "" TERM; while :; do sleep 1; done'
    const trial = await tryOnce({
      way: wayCalled('sigterm'),
      words: ['sh', '-c', script],
      momentMs: 1000,
      endWindowMs: 500,
    })
    assert.deepEqual([trial.outcome, trial.left], ['did not end', []])
    await leftovers.none()
  },
)

test(
  'prove says that a command had ended before its moment',
  { skip: needs('linux') },
  async (t) => {
    const leftovers = watchLeftovers(t)
    for (const way of ['sigterm', 'timeout', 'sigkill-worker']) {
      const { outcome } = await tryOnce({ way: wayCalled(way), words: ['true'], momentMs: 5000 })
      assert.equal(outcome, 'late', way)
    }
    await leftovers.none()
  },
)

test('prove waits for a worker to be there, to kill it', { skip: needs('linux') }, async (t) => {
  const leftovers = watchLeftovers(t)
  const script = `setTimeout(() => {
    const { signal } = require('node:child_process').spawnSync('sleep', ['1000'])
    process.exit(signal === 'SIGKILL' ? 5 : 6)
  }, 1000)`
  const trial = await tryOnce({
    way: wayCalled('sigkill-worker'),
    words: [process.execPath, '-e', script],
    momentMs: 0,
  })
  assert.deepEqual([trial.outcome, trial.exitCode], ['ended', 5])
  await leftovers.none()
})

test(
  'a trial that is interrupted has no result, and leaves nothing',
  { skip: needs('linux') },
  async (t) => {
    const file = path.join(temporaryFolder(t), 'ready')
    const leftovers = watchLeftovers(t)
    const interrupted = new AbortController()
    const script = `sleep 1000 & setsid sleep 1000 & echo ready > ${file}; wait`
    const trial = tryUntil({ words: ['sh', '-c', script], endWindowMs: 60_000 }, interrupted.signal)
    await until(() => linesOf(file).length > 0, 'the command to be ready')
    interrupted.abort()
    assert.equal(await trial, undefined)
    await leftovers.none()
  },
)

test(
  'prove counts the warnings of Python’s resource tracker',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const leftovers = watchLeftovers(t)
    const script = `
from multiprocessing import shared_memory
shared_memory.SharedMemory(create=True, size=4096)
`
    const trial = await tryOnce({ words: ['python3', '-c', script] })
    assert.equal(trial.leakWarnings, 1, trial.lastLines.join('\n'))
    assert.deepEqual(trial.left, [])
    await leftovers.none()
  },
)

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-prove-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
