import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { inheritedDescriptors } from '../../src/os/inherited-descriptors.ts'
import { availableParallelism, cgroupQuota } from '../../src/os/parallelism.ts'
import { privateDirectory } from '../../src/os/private-directory.ts'
import { fileIdentity, removeTree, removeTreeSync } from '../../src/os/remove-tree.ts'
import { resolveCommand } from '../../src/os/resolve-command.ts'
import { openUnnamedFile } from '../../src/os/unnamed-file.ts'
import { needs } from '../helpers/needs.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'os-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a quota of the control group, or of one above it, bounds the parallelism', () => {
  const files = (map: Readonly<Record<string, string>>) => (file: string) => map[file]
  const none = '/proc/self/cgroup'
  assert.equal(cgroupQuota(files({})), Infinity)
  assert.equal(
    cgroupQuota(
      files({
        [none]: '0::/a/b\n',
        '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
      }),
    ),
    1.5,
  )
  assert.equal(
    cgroupQuota(
      files({
        [none]: '3:cpuset:/x\n2:cpu,cpuacct:/c\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      }),
    ),
    3,
  )
  assert.ok(availableParallelism() >= 1 && availableParallelism() <= os.availableParallelism())
})

test('an unnamed file can be written and read, and no directory shows it', (t) => {
  const folder = folderOf(t)
  const before = existsSync('/dev/shm') ? readdirSync('/dev/shm') : []
  const fd = openUnnamedFile(() => folder)
  writeSync(fd, 'text')
  assert.equal(fstatSync(fd).nlink, 0)
  assert.equal(readFileSync(`/proc/self/fd/${fd}`, 'utf8'), 'text')
  assert.deepEqual(readdirSync(folder), [])
  assert.deepEqual(existsSync('/dev/shm') ? readdirSync('/dev/shm') : [], before)
  closeSync(fd)
})

test('an unnamed file begins with as many zeros as were asked for', (t) => {
  const fd = openUnnamedFile(() => folderOf(t), 40)
  assert.deepEqual(readFileSync(`/proc/self/fd/${fd}`), Buffer.alloc(40))
  closeSync(fd)
})

test('a command is resolved as execvp does', (t) => {
  const folder = folderOf(t)
  const make = (name: string, mode: number) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), '#!/bin/sh\n', { mode })
    return path.join(folder, name)
  }
  const second = make('two/tool', 0o755)
  if (process.getuid?.() !== 0) make('one/tool', 0o644)
  mkdirSync(path.join(folder, 'zero/tool'), { recursive: true })
  const env = { PATH: ['zero', 'one', 'two'].map((name) => path.join(folder, name)).join(':') }
  assert.equal(resolveCommand('tool', { env, cwd: undefined }), second)
  assert.equal(resolveCommand('./tool', { env, cwd: path.dirname(second) }), second)
  assert.equal(resolveCommand('tool', { env: { PATH: '' }, cwd: path.dirname(second) }), second)
  assert.equal(resolveCommand('tool', { env: { PATH: 'two' }, cwd: folder }), second)
  for (const missing of ['', 'nothing', './nothing', folder, `${second}/x`]) {
    assert.equal(resolveCommand(missing, { env, cwd: folder }), undefined, missing)
  }
})

test('a tree is removed only while it is the one that was meant', async (t) => {
  const folder = folderOf(t)
  for (const remove of [removeTree, removeTreeSync]) {
    const meant = path.join(folder, 'meant')
    mkdirSync(path.join(meant, 'closed'), { recursive: true })
    writeFileSync(path.join(meant, 'closed/file'), '')
    chmodSync(path.join(meant, 'closed'), 0o500)
    const identity = fileIdentity(meant)
    assert.ok(identity)
    assert.equal(await remove(meant, identity), 'gone')
    assert.equal(await remove(meant, identity), 'gone')
    symlinkSync(folder, meant)
    assert.equal(await remove(meant, identity), 'replaced')
    assert.ok(existsSync(meant))
    rmSync(meant)
  }
})

test('closed folders of an ordinary user are opened and removed', { skip: needs('root') }, (t) => {
  const folder = folderOf(t)
  chmodSync(folder, 0o777)
  const library = new URL('../../dist/os/remove-tree.js', import.meta.url).href
  // By relative paths: what lies above may be closed to that user.
  const script = `
    import { mkdirSync, writeFileSync, chmodSync, existsSync } from 'node:fs'
    import { fileIdentity, removeTree } from '${library}'
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    mkdirSync('mine/a/b', { recursive: true }); writeFileSync('mine/a/b/f', ''); chmodSync('mine/a/b', 0); chmodSync('mine/a', 0o500)
    console.log(await removeTree('mine', fileIdentity('mine')), existsSync('mine'))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(stdout, 'gone false\n', stderr)
})

test('a private directory is made closed to others, whatever the umask', (t) => {
  const folder = folderOf(t)
  const before = process.umask(0o777)
  try {
    assert.deepEqual(privateDirectory(path.join(folder, 'a')), { path: path.join(folder, 'a') })
  } finally {
    process.umask(before)
  }
  assert.ok('refused' in privateDirectory(path.join(folder, 'b/c')))
  assert.ok('path' in privateDirectory(path.join(folder, 'd/e'), { parents: true }))
  assert.ok('refused' in privateDirectory(path.join(folder, 'f'), { make: false }))
})

test('inherited descriptors are seen, also beyond a gap', { skip: needs('linux') }, () => {
  const library = new URL('../../dist/os/inherited-descriptors.js', import.meta.url).href
  const script = `
    import { inheritedDescriptors } from '${library}'
    console.log(JSON.stringify(inheritedDescriptors()))`
  const { stdout } = spawnSync(
    'bash',
    [
      '-c',
      'exec "$@" 9</dev/null 40</dev/null',
      'bash',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ],
    { encoding: 'utf8' },
  )
  assert.ok((JSON.parse(stdout) as number[]).includes(40), stdout)
  assert.ok(!inheritedDescriptors().includes(1))
})
