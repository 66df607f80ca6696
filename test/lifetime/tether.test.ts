import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { isGone, until } from './conditions.ts'
import { startHolder } from './holder.ts'
import { runProgram } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** A PATH with only what is named, found now. */
function pathWith(t: TestContext, programs: Readonly<Record<string, string>>): string {
  const folder = path.join(tempFolder(t), 'bin')
  mkdirSync(folder)
  for (const [name, script] of Object.entries(programs)) {
    const file = path.join(folder, name)
    if (script.startsWith('/')) symlinkSync(script, file)
    else {
      writeFileSync(file, script)
      chmodSync(file, 0o755)
    }
  }
  return folder
}

/** Kills guardian and owner: only the tether can end the worker then. */
async function endsWithoutGuardian(holder: Awaited<ReturnType<typeof startHolder>>): Promise<void> {
  if (holder.guardian !== undefined) process.kill(holder.guardian, 'SIGKILL')
  holder.child.kill('SIGKILL')
  await until(() => isGone(holder.worker), 'the worker to be gone', 1000)
}

test(
  'with setpriv, the kernel ends a worker in an endless loop with its owner',
  { skip: needs('setpriv') },
  async (t) => {
    const holder = await startHolder(t)
    assert.equal(holder.levels.tether.inForce, 'parent-death signal')
    await endsWithoutGuardian(holder)
  },
)

test('without sh and setpriv in PATH, a thread of the worker ends it, and the guardian is found all the same', async (t) => {
  const holder = await startHolder(t, { env: { PATH: pathWith(t, {}) } })
  assert.equal(holder.levels.tether.inForce, 'watchdog thread')
  assert.match(holder.levels.tether.reason ?? '', /not in PATH/)
  assert.equal(holder.levels.guardian.inForce, 'sh')
  assert.notEqual(holder.guardian, undefined)
  await endsWithoutGuardian(holder)
})

test('a setpriv without --pdeathsig, as in busybox, is found out by running it', async (t) => {
  const setpriv = '#!/bin/sh\necho "setpriv: unrecognized option --pdeathsig" >&2\nexit 1\n'
  const holder = await startHolder(t, {
    env: { PATH: `${pathWith(t, { setpriv })}:${process.env['PATH']}` },
  })
  assert.equal(holder.levels.tether.inForce, 'watchdog thread')
  assert.match(holder.levels.tether.reason ?? '', /ended with 1/)
  await endsWithoutGuardian(holder)
})

test(
  'without any sh there is no guardian, which is said once; workers end by the tether',
  { skip: needs('mount namespace', 'root', 'setpriv') },
  async (t) => {
    const holder = await startHolder(t, {
      prefix: [
        'unshare',
        '--mount',
        'sh',
        '-c',
        'for sh in /bin/sh $(command -v sh); do mount --bind /dev/null "$(realpath $sh)" || exit 1; done; exec "$@"',
        'sh',
      ],
    })
    assert.equal(holder.guardian, undefined)
    assert.equal(holder.levels.guardian.inForce, 'none')
    assert.equal(holder.levels.tether.inForce, 'parent-death signal')
    assert.equal(holder.stderr().match(/TIDYPOOL_NO_GUARDIAN/g)?.length, 1)
    await endsWithoutGuardian(holder)
  },
)

for (const [what, options] of [
  ['no /proc', ['--mount', 'sh', '-c', 'mount -t tmpfs none /proc || exit 1; exec "$@"', 'sh']],
  // Not as its process 1, with which the kernel would end the guardian too.
  [
    'the /proc of another pid namespace',
    ['--pid', '--fork', '--kill-child', 'sh', '-c', '"$@"; sleep 30', 'sh'],
  ],
] as const) {
  test(
    `with ${what}, workers end by the tether, and no stranger is taken for one of ours`,
    { skip: needs('mount namespace', 'pid namespace', 'root', 'setpriv') },
    async (t) => {
      const state = path.join(tempFolder(t), 'state')
      const holder = await startHolder(t, {
        prefix: ['unshare', ...options],
        env: { TIDYPOOL_STATE_DIR: state },
      })
      assert.equal(holder.levels.identity.inForce, 'none')
      assert.equal(holder.levels.escaped.inForce, 'none')
      assert.ok(holder.levels.journal.inForce.startsWith(state))
      const before = holder.journalFiles(state)
      // Nobody can know whether that owner lives: its journal stays.
      await runProgram('sweep.mjs', [], { TIDYPOOL_STATE_DIR: state })
      assert.deepEqual(holder.journalFiles(state), before)
      assert.equal(before.length, 1)
      process.kill(holder.ownPid(), 'SIGKILL')
      await until(() => !existsSync(holder.root), 'its directory to be removed by the guardian')
      await until(() => holder.journalFiles(state).length === 0, 'its journal to be gone')
      await until(() => holder.workers().length === 0, 'the worker to be gone', 1000)
    },
  )
}
