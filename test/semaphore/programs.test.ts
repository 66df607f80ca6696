/** A semaphore between programs that end in whatever way. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { folderOfName } from '../../src/semaphore/place.ts'
import { parseTicket } from '../../src/semaphore/ticket-name.ts'
import { Stage, until, type Program } from '../faults/observe.ts'
import { Members } from './members.ts'

function filesOf(stage: Stage, { name }: Members): string[] {
  return readdirSync(path.join(stage.stateDir, folderOfName(name)))
}

async function ended(program: Program): Promise<unknown[]> {
  const { exitCode, signal } = await program.ended
  return [exitCode, signal]
}

test('programs get permits in the order in which they came', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  const holder = await members.start('once')
  await members.entered(holder)
  const line = await members.line(6)
  for (const [index, program] of [holder, ...line].entries()) {
    await members.entered(program)
    assert.equal(members.notes().filter(({ what }) => what === 'enter').length, index + 1)
    program.go()
    assert.deepEqual(await ended(program), [0, null], program.told)
  }
  assert.equal(members.neverTooMany(), 1)
  await stage.gone()
})

test('who waits and is killed is passed over; a holder in an endless loop is no obstacle', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 2)
  const looping = await members.start('loop')
  await members.entered(looping)
  const holder = await members.start('once')
  await members.entered(holder)
  const [first, second, third] = await members.line(3)
  first?.kill('SIGKILL')
  assert.ok(first && second && third)
  await first.ended
  holder.go()
  await members.entered(second)
  looping.kill('SIGKILL')
  await members.entered(third)
  second.go()
  third.go()
  assert.deepEqual(
    [await ended(second), await ended(third)],
    [
      [0, null],
      [0, null],
    ],
  )
  await stage.gone()
})

test('a permit that is held keeps no program alive, and leaves nothing at its end', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  for (const mode of ['keep', 'exit'] as const) {
    const program = await members.start(mode)
    assert.deepEqual(await ended(program), [0, null], program.told)
    await stage.gone()
  }
})

test('waiting keeps a program alive', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  await members.within(async () => {
    await using semaphore = members.semaphore()
    const permit = await semaphore.acquire()
    const [waits] = await members.line(1, 'keep', { stdin: 'ignore' })
    assert.ok(waits)
    assert.equal(waits.hasEnded, false)
    permit.release()
    assert.deepEqual(await ended(waits), [0, null], waits.told)
  })
  await stage.gone()
})

test('what a worker thread held comes back when it is terminated', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  const holder = await members.start('thread')
  await members.entered(holder)
  const [next] = await members.line(1)
  assert.ok(next)
  holder.go()
  await members.entered(next)
  next.go()
  await Promise.all([ended(holder), ended(next)])
  await stage.gone()
})

test('who is stopped keeps his permit, and what he holds comes back when he is killed', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  const holder = await members.start('once')
  await members.entered(holder)
  holder.kill('SIGSTOP')
  const [next] = await members.line(1)
  assert.ok(next)
  await members.within(async () => {
    const late = members.semaphore().acquire({ timeoutMs: 100 })
    await assert.rejects(late, { code: 'ERR_SEMAPHORE_TIMEOUT' })
  })
  assert.equal(members.notes().length, 1)
  holder.kill('SIGKILL')
  await members.entered(next)
  next.go()
  await ended(next)
  await stage.gone()
})

test('what a stranger writes to the socket of a holder does not matter', async (t) => {
  const stage = new Stage(t)
  const members = new Members(stage, 1)
  const holder = await members.start('once')
  await members.entered(holder)
  const [next] = await members.line(1)
  assert.ok(next)
  const sockets = filesOf(stage, members).filter((file) => parseTicket(file) === undefined)
  assert.equal(sockets.length, 2)
  for (const file of sockets) {
    const stranger = net.connect(path.join(stage.stateDir, folderOfName(members.name), file))
    stranger.on('error', () => {})
    stranger.write(Buffer.alloc(1_000_000, 'garbage'))
    await new Promise((resolve) => stranger.once('close', resolve))
  }
  assert.deepEqual(await members.stats(), { permits: 1, held: 1, waiting: 1 })
  holder.go()
  await members.entered(next)
  next.go()
  assert.deepEqual(await ended(next), [0, null], next.told)
  assert.equal(members.neverTooMany(), 1)
  await stage.gone()
})

for (const permits of [1, 3]) {
  test(`never more than ${permits} hold a permit, however many are killed or stopped at whatever moment`, async (t) => {
    const stage = new Stage(t)
    const members = new Members(stage, permits)
    const churning = await Promise.all(Array.from({ length: 6 }, () => members.start('churn')))
    for (let kill = 0; kill < 40; kill++) {
      // The moment is the fault: no condition to wait for.
      await delay(Math.random() * 30)
      const at = Math.floor(Math.random() * churning.length)
      const victim = churning[at]
      assert.equal(victim?.hasEnded, false, victim?.told)
      if (kill % 4 === 3) {
        victim.kill('SIGSTOP')
        await delay(Math.random() * 20)
        victim.kill('SIGCONT')
        continue
      }
      victim.kill('SIGKILL')
      churning[at] = await members.start('churn')
    }
    const count = members.notes().length
    await until(() => members.notes().length > count + 100, 'them to go on')
    for (const program of churning) program.kill('SIGKILL')
    await Promise.all(churning.map(({ ended: end }) => end))
    const most = members.neverTooMany()
    t.diagnostic(`${members.notes().length} notes, at most ${most} held one`)
    assert.equal(most, permits, 'as many as there are permits were out at some time')
    // Whoever comes next takes away what the dead ones left.
    await members.within(async () => {
      await using semaphore = members.semaphore()
      await semaphore.acquire()
    })
    await stage.gone()
  })
}

/** As `npm run other-nodes -- --where` prints them. */
const otherNodes = (process.env['NODE_BINARIES'] ?? '').split(path.delimiter).filter(Boolean)

test(
  'programs of different versions of Node share permits',
  { skip: otherNodes.length === 0 && 'NODE_BINARIES names no other Node' },
  async (t) => {
    const stage = new Stage(t)
    const members = new Members(stage, 1)
    const nodes = [process.execPath, ...otherNodes]
    const churning = await Promise.all(nodes.map((node) => members.start('churn', {}, node)))
    const turnsOf = ({ pid }: Program): number =>
      members.notes().filter((note) => note.pid === pid).length
    await until(() => churning.every((program) => turnsOf(program) > 40), 'each to have its turns')
    for (const program of churning) program.kill('SIGKILL')
    await Promise.all(churning.map(({ ended: end }) => end))
    members.neverTooMany()
    await members.within(async () => {
      await using semaphore = members.semaphore()
      await semaphore.acquire()
    })
    await stage.gone()
  },
)
