// The container of examples/server/kubernetes.yaml, as far as it can be had without a cluster: its command, as an ordinary
// user, with a scratch volume as the kubelet makes it (root's, mode 0777, no sticky bit).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'

const manifest = readFileSync(
  new URL('../../examples/server/kubernetes.yaml', import.meta.url),
  'utf8',
)
const tmpdir = /name: TMPDIR, value: (\S+) /.exec(manifest)?.[1] ?? ''
const mountPath = /mountPath: (\S+) /.exec(manifest)?.[1] ?? ''

/** Says where the journal is while it has a temporary directory. */
const program = `
  import { audit, withTempDir } from ${JSON.stringify(import.meta.resolve('tidypool'))}
  console.log(process.pid, await withTempDir((dir) => dir), audit().scope.journal)
`

test(
  'the scratch volume of the manifest takes journal and temporary directories of an ordinary user',
  { skip: needs('another user') },
  (t) => {
    const volume = mkdtempSync(path.join(os.tmpdir(), 'tidypool-volume-'))
    t.after(() => rmSync(volume, { recursive: true }))
    chmodSync(path.dirname(volume), 0o755)
    chmodSync(volume, 0o777)
    const { pid, stdout, stderr } = spawnSync(...commandOf(manifest), {
      uid: 65534,
      gid: 65534,
      cwd: '/',
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        TMPDIR: tmpdir.replace(mountPath, volume),
      },
    })
    assert.equal(stderr, '')
    const [node, dir = '', journal = ''] = stdout.trim().split(' ')
    assert.equal(Number(node), pid, 'Node itself is what the container starts')
    assert.ok(dir.startsWith(`${volume}/`), dir)
    assert.ok(journal.startsWith(`${volume}/`), journal)
    assert.deepEqual(readdirSync(tmpdir.replace(mountPath, volume)), [])
  },
)

/** The command of the container, with our program in the place of the server. */
function commandOf(text: string): [string, string[]] {
  const list = /command: \[(.*)\]$/m.exec(text)?.[1] ?? ''
  const [file = '', ...args] = Array.from(list.matchAll(/'([^']*)'/g), ([, word = '']) => word)
  const ours = `"${process.execPath}" --input-type=module --eval "$0"`
  return [file, [...args.map((arg) => arg.replace('node /app/server.ts', ours)), program]]
}
