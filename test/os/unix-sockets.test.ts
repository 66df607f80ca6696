import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { deletedFilesOf } from '../../src/os/deleted-files.ts'
import { listeningSockets, parseUnixSockets, socketsOf } from '../../src/os/unix-sockets.ts'
import { needs } from '../helpers/needs.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'so-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test(
  'a listening socket is found by its path, and who has it by its number',
  { skip: needs('linux') },
  async (t) => {
    const file = path.join(folderOf(t), 'so cket')
    const server = net.createServer().listen(file)
    t.after(() => server.close())
    await once(server, 'listening')
    const found = listeningSockets().filter((socket) => socket.path === file)
    assert.equal(found.length, 1)
    assert.ok(socketsOf(process.pid).includes(found[0]?.id ?? 0))
    assert.deepEqual(socketsOf(2 ** 30), [])
  },
)

test('of the table of sockets only those that listen, with an absolute path, are read', () => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 17384 /run/a socket
0000000000000000: 00000003 00000000 00000000 0001 03 17390 /run/a socket
ffff8881: 00000002 00000000 00010000 0005 01   902 @/abstract
ffff8882: 00000002 00000000 00010000 0001 01   903 relative
ffff8883: 00000002 00000000 00010000 0001 01   904
`
  assert.deepEqual(parseUnixSockets(table), [{ id: 17_384, path: '/run/a socket' }])
})

test(
  'files that were deleted and are still open are named, with what they take',
  { skip: needs('linux') },
  (t) => {
    const folder = folderOf(t)
    const [gone, kept] = [path.join(folder, 'gone'), path.join(folder, 'kept (deleted)')]
    for (const file of [gone, kept]) {
      const fd = openSync(file, 'w')
      t.after(() => closeSync(fd))
      writeSync(fd, 'x'.repeat(10_000))
    }
    unlinkSync(gone)
    const found = deletedFilesOf(process.pid).filter((file) => file.path.startsWith(folder))
    assert.deepEqual(
      found.map((file) => file.path),
      [gone],
    )
    assert.ok(Number(found[0]?.bytes) >= 10_000)
    assert.deepEqual(deletedFilesOf(2 ** 30), [])
  },
)
