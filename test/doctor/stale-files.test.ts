import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { staleFiles } from '../../src/doctor/checks/stale-files.ts'
import { knownScopes } from '../../src/doctor/scopes.ts'
import { lookAround } from '../../src/doctor/sight.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'

async function find(state: string) {
  const sight = lookAround()
  // A later moment: what was made a moment ago is not judged.
  const nowMs = Date.now() + 120_000
  const ground = { sharedMemory: state, temporary: state, sight, scopes: knownScopes(sight), nowMs }
  const { findings } = await staleFiles.run(ground)
  return findings.filter(({ name }) => name.startsWith(state))
}

test(
  'a socket that nobody listens on, and a lock that nobody has open, are likely; others stay',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const state = path.join(tempFolder(t), 'state')
    const before = process.env['TIDYPOOL_STATE_DIR']
    process.env['TIDYPOOL_STATE_DIR'] = state
    t.after(() => {
      if (before === undefined) delete process.env['TIDYPOOL_STATE_DIR']
      else process.env['TIDYPOOL_STATE_DIR'] = before
    })
    mkdirSync(state, { mode: 0o700 })
    const folder = path.join(state, 'boot-1')
    mkdirSync(folder)
    const server = net.createServer()
    const used = path.join(folder, 'used.sock')
    await new Promise<void>((resolve) => void server.listen(used, resolve))
    t.after(() => server.close())
    const stale = path.join(folder, 'stale.sock')
    const bind = 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'
    execFileSync('python3', ['-c', bind, stale])
    for (const name of ['run.lock', 'ended.log.123', 'ended.log', 'notes'])
      writeFileSync(path.join(state, name), '')
    const findings = await find(state)
    assert.deepEqual(
      findings.map(({ name, certainty }) => `${path.basename(name)} ${certainty}`).toSorted(),
      ['ended.log.123 likely', 'run.lock likely', 'stale.sock likely'],
    )
    assert.deepEqual(
      findings.map(({ fix }) => fix?.()),
      ['fixed', 'fixed', 'fixed'],
    )
    assert.deepEqual(readdirSync(state).toSorted(), ['boot-1', 'ended.log', 'notes'])
    assert.deepEqual(readdirSync(folder), ['used.sock'])
  },
)
