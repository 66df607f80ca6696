import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import {
  listSystemV,
  parseSystemV,
  removeSystemV,
  type SystemVObject,
} from '../../src/os/system-v.ts'
import { needs } from '../helpers/needs.ts'

const flags = { shm: ['-M', '4321'], sem: ['-S', '3'], msg: ['-Q'] } as const

function make(t: TestContext, kind: SystemVObject['kind']): SystemVObject {
  const { stdout, pid } = spawnSync('ipcmk', flags[kind], { encoding: 'utf8' })
  const id = Number(/(\d+)\s*$/.exec(stdout)?.[1])
  const remove = { shm: '-m', sem: '-s', msg: '-q' }[kind]
  t.after(() => spawnSync('ipcrm', [remove, String(id)]))
  const object = listSystemV().find((each) => each.kind === kind && each.id === id)
  assert.ok(object, `${kind} ${id} is listed`)
  assert.equal(object.creatorPid, kind === 'shm' ? pid : undefined)
  return object
}

for (const kind of ['shm', 'sem', 'msg'] as const) {
  test(
    `a System V ${kind} is listed with what the kernel knows of it, and removed once`,
    { skip: needs('linux', 'ipcmk') },
    (t) => {
      const object = make(t, kind)
      assert.equal(object.uid, process.getuid?.())
      assert.equal(object.bytes, kind === 'shm' ? 4321 : 0)
      assert.equal(object.attached, kind === 'shm' ? 0 : undefined)
      assert.ok(Math.abs(Date.now() - object.changedAtMs) < 60_000)
      assert.equal(removeSystemV(object), 'removed')
      assert.equal(removeSystemV(object), 'gone')
    },
  )

  test(
    `a System V ${kind} that has the number of another one is not removed`,
    { skip: needs('linux', 'ipcmk') },
    (t) => {
      const object = make(t, kind)
      const mistaken = { ...object, changedAtMs: object.changedAtMs - 1000 }
      assert.deepEqual(removeSystemV(mistaken), { refused: 'another one has its number now' })
      assert.ok(listSystemV().some((each) => each.kind === kind && each.id === object.id))
    },
  )
}

test('the tables of the kernel are read by the names of their columns', () => {
  const table = [
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime',
    '-1342177280          7   600          12          3    41     0  1000  1000  1000  1000 1700000001          0 1700000000',
    '',
  ].join('\n')
  assert.deepEqual(parseSystemV('msg', table), [
    {
      kind: 'msg',
      id: 7,
      key: -1_342_177_280,
      bytes: 12,
      uid: 1000,
      isGoing: false,
      changedAtMs: 1_700_000_000_000,
      creatorPid: undefined,
      lastPid: 41,
      lastReceiverPid: undefined,
      sentAtMs: 1_700_000_001_000,
      receivedAtMs: 0,
      attached: undefined,
    },
  ])
  assert.deepEqual(parseSystemV('shm', ''), [])
  const removed =
    'key shmid perms size cpid lpid nattch uid ctime\n0 5 1600 100 1 2 1 0 1700000000\n'
  assert.deepEqual(
    parseSystemV('shm', removed).map(({ id, isGoing, attached }) => ({ id, isGoing, attached })),
    [{ id: 5, isGoing: true, attached: 1 }],
  )
})
