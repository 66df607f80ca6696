import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needs } from '../helpers/needs.ts'

const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

test(
  'a limit that cannot be set is refused with the reason, and nothing runs',
  { skip: needs('another user', 'setpriv') },
  (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-limits-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    chmodSync(folder, 0o1777)
    const ended = spawnSync(
      'setpriv',
      [...asNobody, process.execPath, main, 'exec', '--pids=8', '--', 'sh', '-c', 'echo ran'],
      {
        cwd: '/',
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], TIDYPOOL_STATE_DIR: path.join(folder, 'state') },
      },
    )
    assert.deepEqual([ended.status, ended.stdout], [125, ''])
    assert.match(ended.stderr, /^tidypool: the limit cannot be set: it needs a cgroup.*\n$/)
  },
)
