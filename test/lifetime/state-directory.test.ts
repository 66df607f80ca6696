import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { isGone, until } from './conditions.ts'
import { startHolder, type Holder } from './holder.ts'
import { programPath, runProgram } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** The folder of the journals in force, and the one warning about it. */
function journalOf(holder: Holder) {
  return {
    folder: holder.levels.journal.inForce,
    warnings: holder.stderr().match(/TIDYPOOL_STATE_DIR\]/g)?.length ?? 0,
  }
}

for (const [what, spoil] of [
  ['is a symbolic link', (dir: string, canary: string) => symlinkSync(canary, dir)],
  ['others can enter', (dir: string) => (mkdirSync(dir), chmodSync(dir, 0o755))],
  ['is a file', (dir: string) => writeFileSync(dir, '')],
  ['lies where others can rename it', (dir: string) => chmodSync(path.dirname(dir), 0o777)],
] as const) {
  test(`a state directory that ${what} is refused, said once, and the next choice taken`, async (t) => {
    const dir = path.join(tempFolder(t), 'state')
    const canary = tempFolder(t)
    const runtime = tempFolder(t)
    spoil(dir, canary)
    const holder = await startHolder(t, {
      env: { TIDYPOOL_STATE_DIR: dir, XDG_RUNTIME_DIR: runtime },
    })
    const { folder, warnings } = journalOf(holder)
    assert.ok(folder.startsWith(`${runtime}/tidypool/`), folder)
    assert.equal(warnings, 1)
    assert.ok(holder.stderr().includes(dir) && holder.stderr().includes(runtime))
    assert.deepEqual(readdirSync(canary), [])
    holder.child.kill('SIGKILL')
    await until(() => isGone(holder.worker) && !existsSync(holder.root), 'everything to be cleaned')
  })
}

test("another user's state directory is refused", { skip: needs('root') }, async (t) => {
  const tmp = tempFolder(t)
  // Where ours would be, made by somebody else before us.
  const squatted = path.join(tmp, `tidypool-${process.getuid?.()}`)
  mkdirSync(squatted, { mode: 0o700 })
  chownSync(squatted, 65534, 65534)
  const holder = await startHolder(t, {
    tmp,
    env: { TIDYPOOL_STATE_DIR: undefined, XDG_RUNTIME_DIR: undefined },
  })
  assert.equal(holder.levels.journal.inForce, 'none')
  assert.equal(holder.stderr().match(/TIDYPOOL_NO_JOURNAL/g)?.length, 1)
  assert.deepEqual(readdirSync(squatted), [])
  // The guardian goes by the cookie alone then.
  holder.child.kill('SIGKILL')
  await until(() => isGone(holder.worker), 'the worker to be gone', 2000)
})

test('an explicit state directory is made with its parents, and is in force without a word', async (t) => {
  const named = path.join(tempFolder(t), 'a/b')
  const holder = await startHolder(t, { env: { TIDYPOOL_STATE_DIR: named } })
  assert.ok(holder.levels.journal.inForce.startsWith(`${named}/`))
  assert.equal(holder.levels.journal.reason, undefined)
  assert.equal(holder.stderr(), '')
})

test(
  'a disk that fills up later is said once, and work goes on',
  { skip: needs('mount namespace', 'root') },
  (t) => {
    const small = path.join(tempFolder(t), 'small')
    mkdirSync(small)
    const { stdout, stderr, status } = spawnSync(
      'unshare',
      // One page of memory: the journal fills it.
      [
        '--mount',
        'sh',
        '-c',
        'mount -t tmpfs -o size=4k none "$TIDYPOOL_STATE_DIR" || exit 1; chmod 700 "$TIDYPOOL_STATE_DIR"; exec "$@"',
        'sh',
        process.execPath,
        programPath('full-disk.mjs'),
      ],
      { encoding: 'utf8', env: { ...process.env, TIDYPOOL_STATE_DIR: small } },
    )
    assert.equal(status, 0, stderr)
    assert.equal(stdout, 'worked on\n')
    assert.equal(stderr.match(/TIDYPOOL_JOURNAL_WRITE/g)?.length, 1, stderr)
  },
)

test(
  'a full disk for temporary files and journals: work goes on elsewhere, and is cleaned up',
  { skip: needs('mount namespace', 'root') },
  async (t) => {
    const small = path.join(tempFolder(t), 'small')
    mkdirSync(small)
    const runtime = tempFolder(t)
    const holder = await startHolder(t, {
      tmp: small,
      env: { TIDYPOOL_STATE_DIR: path.join(small, 'state'), XDG_RUNTIME_DIR: runtime },
      prefix: [
        'unshare',
        '--mount',
        'sh',
        '-c',
        // No inode is left for another file.
        'mount -t tmpfs -o size=64k,nr_inodes=1 none "$TMPDIR" || exit 1; exec "$@"',
        'sh',
      ],
    })
    assert.ok(holder.levels.journal.inForce.startsWith(runtime))
    assert.ok(holder.root.startsWith(runtime), holder.root)
    holder.child.kill('SIGKILL')
    await until(() => isGone(holder.worker) && !existsSync(holder.root), 'everything to be cleaned')
  },
)

for (const [what, TMPDIR] of [
  ['missing', '/nonexistent/tmp'],
  ['read-only', '/proc'],
] as const) {
  test(`a TMPDIR that is ${what}: temporary directories are made beside the journal`, async (t) => {
    const state = path.join(tempFolder(t), 'state')
    const holder = await startHolder(t, { tmp: TMPDIR, env: { TIDYPOOL_STATE_DIR: state } })
    assert.ok(holder.root.startsWith(`${state}/tidypool-`), holder.root)
    assert.equal(holder.stderr().match(/TIDYPOOL_TEMP_DIR/g)?.length, 1)
    holder.child.kill('SIGKILL')
    await until(() => isGone(holder.worker) && !existsSync(holder.root), 'everything to be cleaned')
  })
}

for (const what of ['folder', 'journal']) {
  test(
    `a program goes on when its ${what} cannot be taken back`,
    { skip: needs('linux', 'another user') },
    async (t) => {
      // Made for the user in a folder that is closed to it, as a mount point would be.
      const runtime = tempFolder(t)
      chmodSync(path.dirname(runtime), 0o755)
      chmodSync(runtime, 0o755)
      const folder = path.join(runtime, 'tidypool')
      mkdirSync(folder, { mode: 0o700 })
      chownSync(folder, 65534, 65534)
      const { stdout, stderr, exitCode } = await runProgram('released.mjs', [what], {
        TIDYPOOL_STATE_DIR: undefined,
        XDG_RUNTIME_DIR: runtime,
        TMPDIR: folder,
      })
      assert.deepEqual(
        { stdout, stderr, exitCode },
        { stdout: 'nothing was thrown\n', stderr: '', exitCode: 0 },
      )
    },
  )
}
