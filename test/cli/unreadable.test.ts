/** As another user: root, as which tests may run, can read everything. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { parseTaskRef } from '../../src/batch/task-ref.ts'
import { refuseOverwriting } from '../../src/cli/refuse-overwriting.ts'
import { tempFolder } from '../batch/temp-folder.ts'
import { needs } from '../helpers/needs.ts'

const NOBODY = 65_534

function asNobody(step: () => void): void {
  process.seteuid?.(NOBODY)
  try {
    step()
  } finally {
    process.seteuid?.(0)
  }
}

test('a module that may not be read is a wrong option', { skip: needs('root') }, (t) => {
  const folder = tempFolder(t)
  chmodSync(folder, 0o755)
  mkdirSync(path.join(folder, 'locked'), { mode: 0o700 })
  for (const name of ['closed.mjs', 'locked/task.mjs']) {
    writeFileSync(path.join(folder, name), 'export default () => 1', { mode: 0o600 })
    asNobody(() =>
      assert.throws(() => parseTaskRef(name, folder), {
        code: 'ERR_OPTION',
        option: 'MODULE[#EXPORT]',
        value: name,
        message: /EACCES/,
      }),
    )
  }
})

test(
  'results in a folder that may not be entered are a wrong option',
  { skip: needs('root') },
  (t) => {
    const folder = tempFolder(t)
    chmodSync(folder, 0o755)
    mkdirSync(path.join(folder, 'locked'), { mode: 0o700 })
    const out = path.join(folder, 'locked/out.jsonl')
    asNobody(() =>
      assert.throws(() => refuseOverwriting('--out', out, []), {
        code: 'ERR_OPTION',
        option: '--out',
        value: out,
        message: /EACCES/,
      }),
    )
  },
)
