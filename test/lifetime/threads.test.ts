import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isGone, until } from './conditions.ts'
import { programPath } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

interface Side {
  readonly worker: number
  readonly guardian: number
  readonly root: string
}

for (const how of ['terminate', 'return'] as const) {
  test(`what a worker thread holds ends with the thread (${how}); what other threads hold stays`, async (t) => {
    const state = path.join(tempFolder(t), 'state')
    const child = spawn(process.execPath, [programPath('thread-owner.mjs'), how], {
      env: { ...process.env, TMPDIR: tempFolder(t), TIDYPOOL_STATE_DIR: state },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const line = await until(
      () => output.split('\n').find((text) => text.startsWith('{')),
      'both threads to hold a worker',
    )
    const { own, theirs, names } = JSON.parse(line) as { own: Side; theirs: Side; names: string[] }
    assert.deepEqual(names, ['of main', 'of a thread: ü'])
    assert.notEqual(own.guardian, theirs.guardian)
    child.stdin.write('now\n')
    await until(() => isGone(theirs.worker), "the thread's worker to be gone", 2000)
    await until(() => isGone(theirs.guardian), "the thread's guardian to be gone", 2000)
    await until(() => !existsSync(theirs.root), "the thread's directory to be gone", 2000)
    await until(() => output.includes('ended'), 'the thread to be gone')
    assert.ok(!isGone(own.worker))
    assert.ok(!isGone(own.guardian))
    assert.ok(existsSync(own.root))
    child.kill('SIGKILL')
    await until(
      () => isGone(own.worker) && isGone(own.guardian),
      "main's worker and guardian to be gone",
      2000,
    )
    await until(() => !existsSync(own.root), "main's directory to be gone", 2000)
  })
}
