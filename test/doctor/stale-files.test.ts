import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { staleFiles } from '../../src/doctor/checks/stale-files.ts'
import { knownScopes } from '../../src/doctor/scopes.ts'
import { lookAround } from '../../src/doctor/sight.ts'
import { Stage, until } from '../faults/observe.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'
import { Members } from '../semaphore/members.ts'

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

test(
  'tickets of a semaphore are likely when their holder was killed, and are not named while he lives',
  { skip: needs('linux') },
  async (t) => {
    const stage = new Stage(t)
    const members = new Members(stage, 2)
    const [killed, alive] = [await members.start('once'), await members.start('once')]
    await members.entered(killed)
    await members.entered(alive)
    killed.kill('SIGKILL')
    await killed.ended
    const found = await members.within(() => find(stage.stateDir))
    // The socket, and the ticket that stood for it.
    assert.equal(found.length, 2, JSON.stringify(found))
    for (const { certainty, fix } of found) {
      assert.deepEqual([certainty, await fix?.()], ['likely', 'fixed'])
    }
    assert.deepEqual(await members.stats(), { permits: 2, held: 1, waiting: 0 })
    alive.kill('SIGKILL')
    await alive.ended
    // A look at all processes counts as fresh for a moment.
    await until(async () => {
      for (const { fix } of await members.within(() => find(stage.stateDir))) await fix?.()
      return readdirSync(stage.stateDir).length === 0
    }, 'the queue to be removed')
    await stage.gone()
  },
)
