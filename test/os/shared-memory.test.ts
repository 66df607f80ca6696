import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import {
  familyOf,
  keysOf,
  listSharedMemory,
  sharedMemoryObject,
  usersOfFiles,
} from '../../src/os/shared-memory.ts'
import { needs } from '../helpers/needs.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'shm-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Python that has said that it is ready, and waits. */
async function python(t: TestContext, script: string): Promise<ChildProcess & { pid: number }> {
  const child = spawn(
    '/usr/bin/python3',
    ['-c', `${script}\nprint('ready', flush=True)\ninput()`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout && child.pid !== undefined)
  await once(createInterface(child.stdout), 'line')
  return child as ChildProcess & { pid: number }
}

const names: readonly (readonly [name: string, family: string | undefined, pid?: number])[] = [
  ['sem.loky-4711-abcdef12', 'loky', 4711],
  ['sem.mp-iutt08ng', 'multiprocessing'],
  ['sem.mp-iutt08ngx', undefined],
  ['pym-12-wiefj3', 'multiprocessing', 12],
  ['psm_89f4cb28', 'shared_memory'],
  ['joblib_memmapping_folder_815_6f0a_140', 'joblib', 815],
  ['torch_99_1234567_0', 'torch', 99],
  ['sem.EJUuSN', 'glibc'],
  ['sem.loky-x-1', undefined],
  ['my-segment', undefined],
]
for (const [name, family, pidInName] of names) {
  test(`${name} is ${family ?? 'of no family'}${pidInName === undefined ? '' : ` and names process ${pidInName}`}`, () => {
    assert.deepEqual(familyOf(name), { family, pidInName })
  })
}

test('shared memory is listed by kind, with its size and identity, links not followed', (t) => {
  const folder = folderOf(t)
  writeFileSync(path.join(folder, 'sem.mp-abcdefgh'), 'x'.repeat(32), { mode: 0o600 })
  writeFileSync(path.join(folder, 'psm_00112233'), Buffer.alloc(10_000, 1))
  mkdirSync(path.join(folder, 'joblib_memmapping_folder_1_a_b/inner'), { recursive: true })
  const inFolder = path.join(folder, 'joblib_memmapping_folder_1_a_b/inner/array.pkl')
  writeFileSync(inFolder, Buffer.alloc(20_000, 1))
  symlinkSync('/', path.join(folder, 'link'))
  const objects = new Map(listSharedMemory(folder).map((object) => [object.name, object]))
  assert.deepEqual([...objects.values()].map(({ name, kind }) => `${name}: ${kind}`).toSorted(), [
    'joblib_memmapping_folder_1_a_b: folder',
    'link: other',
    'psm_00112233: segment',
    'sem.mp-abcdefgh: semaphore',
  ])
  const semaphore = objects.get('sem.mp-abcdefgh')
  assert.equal(semaphore?.mode, 0o600)
  assert.equal(semaphore.uid, process.getuid?.())
  assert.ok(Math.abs(Date.now() - semaphore.changedAtMs) < 60_000)
  const array = objects.get('joblib_memmapping_folder_1_a_b')
  assert.ok(array && array.bytes >= 20_000 && array.bytes < 100_000, `${array?.bytes} bytes`)
  const inner = sharedMemoryObject(inFolder)
  assert.ok(inner)
  assert.ok(keysOf(array).includes(`${inner.dev}:${inner.ino}`), 'the files in it are its own')
})

test('where there is no shared memory, none is listed', (t) => {
  assert.deepEqual(listSharedMemory(path.join(folderOf(t), 'missing')), [])
  assert.equal(sharedMemoryObject('/nowhere/at-all'), undefined)
})

test(
  'who made or opened a semaphore is found by inode, though its maker maps another name',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const name = `tl-${randomBytes(6).toString('hex')}`
    const file = `/dev/shm/sem.${name}`
    t.after(() => rmSync(file, { force: true }))
    const maker = await python(
      t,
      `import _multiprocessing as m; lock = m.SemLock(1, 1, 1, '/${name}', False)`,
    )
    const other = await python(
      t,
      `import _multiprocessing as m; lock = m.SemLock._rebuild(0, 1, 1, '/${name}')`,
    )
    const bystander = await python(t, '')
    const object = sharedMemoryObject(file)
    assert.equal(object?.kind, 'semaphore')
    const pids = [maker.pid, other.pid, bystander.pid]
    const key = `${object.dev}:${object.ino}` as const
    assert.deepEqual(usersOfFiles(pids).get(key), [maker.pid, other.pid])
    const onDevice = usersOfFiles(pids, { device: object.dev })
    assert.deepEqual(onDevice.get(key), [maker.pid, other.pid])
    assert.ok([...onDevice.keys()].every((each) => each.startsWith(`${object.dev}:`)))
  },
)

test(
  'who has a file open, or a folder as working directory, uses it without mapping it',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const folder = folderOf(t)
    writeFileSync(path.join(folder, 'open'), '')
    const opener = await python(t, `f = open(${JSON.stringify(path.join(folder, 'open'))})`)
    const inside = await python(t, `import os; os.chdir(${JSON.stringify(folder)})`)
    const users = usersOfFiles([opener.pid, inside.pid])
    const usersOf = (file: string): readonly number[] | undefined => {
      const object = sharedMemoryObject(file)
      return object && users.get(`${object.dev}:${object.ino}`)
    }
    assert.deepEqual(usersOf(path.join(folder, 'open')), [opener.pid])
    assert.deepEqual(usersOf(folder), [inside.pid])
  },
)

test(
  'a process that does not show what it uses is named, and one that has ended is not',
  { skip: needs('linux', 'another user', 'setpriv', 'python3') },
  async (t) => {
    const ended = spawn('true')
    await once(ended, 'exit')
    const hidden = await python(t, '')
    const script = `
      process.setuid(65534)
      const { usersOfFiles } = await import(${JSON.stringify(path.resolve('dist/os/shared-memory.js'))})
      const hidden = []
      usersOfFiles([${ended.pid}, ${hidden.pid}], { onHidden: (pid) => hidden.push(pid) })
      console.log(hidden.join())`
    const looker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(looker.stdout), 'line')) as [string]
    assert.equal(line, String(hidden.pid))
  },
)
