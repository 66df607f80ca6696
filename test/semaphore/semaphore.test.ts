import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Semaphore } from 'tidypool'
import { folderOfName } from '../../src/semaphore/place.ts'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'

function queueOf(tmp: string, name: string): string {
  return path.join(tmp, 'state', folderOfName(name))
}

test('as many as there are permits get one, the next waits until one is released', async (t) => {
  const leftovers = watchLeftovers(t)
  await using semaphore = new Semaphore('s', { permits: 2 })
  const [first, second] = [await semaphore.acquire(), await semaphore.acquire()]
  const third = semaphore.acquire()
  await until(async () => (await semaphore.stats()).waiting === 1, 'the third to wait')
  assert.deepEqual(await semaphore.stats(), { permits: 2, held: 2, waiting: 1 })
  first.release()
  first.release()
  assert.equal(first.isHeld, false)
  assert.equal((await third).isHeld, true)
  second.release()
  assert.deepEqual(await semaphore.stats(), { permits: 2, held: 1, waiting: 0 })
  await semaphore.close()
  await leftovers.none()
})

test('permits are given in the order of the calls, also beyond those that stand in the queue', async (t) => {
  const leftovers = watchLeftovers(t)
  await using semaphore = new Semaphore('s')
  const order: number[] = []
  const calls = Array.from({ length: 60 }, async (_, index) => {
    await using permit = await semaphore.acquire()
    assert.ok(permit.isHeld)
    order.push(index)
  })
  await Promise.all(calls)
  assert.deepEqual(
    order,
    Array.from({ length: 60 }, (_, index) => index),
  )
  await leftovers.none()
})

test('two objects of one name share its permits, those of another name do not', async (t) => {
  const leftovers = watchLeftovers(t)
  const [one, two, other] = [new Semaphore('s'), new Semaphore('s'), new Semaphore('t')]
  {
    await using permit = await one.acquire()
    assert.ok(permit.isHeld)
    assert.equal(await two.tryAcquire(), undefined)
    const free = await other.tryAcquire()
    free?.release()
    assert.ok(free)
  }
  const free = await two.tryAcquire()
  assert.ok(free)
  await two.close()
  assert.equal(free.isHeld, false)
  await leftovers.none()
})

test('waiting ends with the time-out, and gives up its place', async (t) => {
  const leftovers = watchLeftovers(t)
  const semaphore = new Semaphore('s')
  const held = await semaphore.acquire()
  await assert.rejects(semaphore.acquire({ timeoutMs: 20 }), {
    name: 'SemaphoreTimeoutError',
    code: 'ERR_SEMAPHORE_TIMEOUT',
    semaphore: 's',
    timeoutMs: 20,
  })
  assert.equal((await semaphore.stats()).waiting, 0)
  held.release()
  await leftovers.none()
})

test('waiting ends with the signal, whose reason is the cause; a permit that was got stays', async (t) => {
  const leftovers = watchLeftovers(t)
  const semaphore = new Semaphore('s')
  const controller = new AbortController()
  const held = await semaphore.acquire({ signal: controller.signal })
  const waits = semaphore.acquire({ signal: controller.signal })
  await until(async () => (await semaphore.stats()).waiting === 1, 'it to wait')
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  await assert.rejects(waits, { code: 'ERR_SEMAPHORE_CANCELLED', reason, cause: reason })
  const late = semaphore.acquire({ signal: controller.signal })
  await assert.rejects(late, { code: 'ERR_SEMAPHORE_CANCELLED' })
  assert.equal(held.isHeld, true)
  held.release()
  await leftovers.none()
})

test('close ends the waiting, gives back what is held, and comes before every later call', async (t) => {
  const leftovers = watchLeftovers(t)
  const semaphore = new Semaphore('s')
  const held = await semaphore.acquire()
  const waits = Array.from({ length: 20 }, () => semaphore.acquire())
  await Promise.all([
    semaphore.close(),
    semaphore.close(),
    ...waits.map((wait) => assert.rejects(wait, { code: 'ERR_SEMAPHORE_CLOSED' })),
  ])
  assert.equal(held.isHeld, false)
  await assert.rejects(semaphore.acquire(), { code: 'ERR_SEMAPHORE_CLOSED' })
  await assert.rejects(semaphore.tryAcquire(), { code: 'ERR_SEMAPHORE_CLOSED' })
  await leftovers.none()
})

test('the number of permits of the first one holds as long as anybody is there; the error says both', async (t) => {
  const leftovers = watchLeftovers(t)
  const [two, three] = [new Semaphore('s', { permits: 2 }), new Semaphore('s', { permits: 3 })]
  const held = await two.acquire()
  await assert.rejects(three.acquire(), {
    code: 'ERR_SEMAPHORE_PERMITS',
    semaphore: 's',
    permits: 3,
    othersPermits: 2,
    message: /permits: 2.*permits: 3/,
  })
  await assert.rejects(three.tryAcquire(), { code: 'ERR_SEMAPHORE_PERMITS' })
  assert.equal((await three.stats()).permits, 2)
  held.release()
  const permit = await three.acquire()
  permit.release()
  await leftovers.none()
})

test('names and options that are not allowed are refused at once', () => {
  for (const name of ['', 'a\nb', 'half \ud800', 'x'.repeat(129)]) {
    assert.throws(() => new Semaphore(name), { code: 'ERR_OPTION', option: 'name' })
  }
  for (const options of [null, 7]) {
    assert.throws(() => new Semaphore('s', options as never), { code: 'ERR_OPTION' })
  }
  for (const permits of [0, 1.5, 257, Number.NaN, Infinity]) {
    assert.throws(() => new Semaphore('s', { permits }), { code: 'ERR_OPTION', option: 'permits' })
  }
})

test('options of acquire that are not allowed reject it', async () => {
  const semaphore = new Semaphore('s')
  for (const timeoutMs of [0, -1, Number.NaN]) {
    await assert.rejects(semaphore.acquire({ timeoutMs }), { option: 'timeoutMs' })
  }
})

test('any other character is good for a name', async (t) => {
  const leftovers = watchLeftovers(t)
  await using semaphore = new Semaphore('../../é /🙂')
  await semaphore.acquire()
  assert.equal((await new Semaphore('../../é /🙂').stats()).held, 1)
  await semaphore.close()
  await leftovers.none()
})

test('what a stranger leaves in the folder of the queue is passed over', async (t) => {
  const { tmp } = watchLeftovers(t)
  const queue = queueOf(tmp, 's')
  mkdirSync(queue, { recursive: true, mode: 0o700 })
  chmodSync(path.join(tmp, 'state'), 0o700)
  // The last one has the form of a ticket; nobody is behind it.
  const found = ['notes', '1.x', '1.1.a', '.1.1', '99.1.aaaa-1-1-abcdef', '7']
  for (const name of found) writeFileSync(path.join(queue, name), 'garbage')
  const semaphore = new Semaphore('s')
  const permit = await semaphore.acquire()
  permit.release()
  assert.deepEqual(readdirSync(queue).toSorted(), ['.1.1', '1.1.a', '1.x', '7', 'notes'])
})

test('a state directory that others can enter is refused, and the error says which', async (t) => {
  const { tmp } = watchLeftovers(t)
  mkdirSync(path.join(tmp, 'state'), { mode: 0o755 })
  chmodSync(path.join(tmp, 'state'), 0o755)
  await assert.rejects(new Semaphore('s').acquire(), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, 'ERR_SEMAPHORE_UNAVAILABLE')
    assert.match(error.message, /state \(TIDYPOOL_STATE_DIR\) cannot be used: others can enter it/)
    return true
  })
})

test('a state directory with too long a path for sockets is refused', async (t) => {
  const { tmp } = watchLeftovers(t)
  process.env['TIDYPOOL_STATE_DIR'] = path.join(tmp, 'x'.repeat(60))
  const waits = new Semaphore('s').acquire()
  await assert.rejects(waits, { code: 'ERR_SEMAPHORE_UNAVAILABLE', message: /bytes too long/ })
  assert.equal(existsSync(path.join(tmp, 'x'.repeat(60))), false)
})

test(
  'the queue is where every program of the user finds it, whatever TMPDIR and XDG_RUNTIME_DIR are',
  { skip: needs('linux') },
  async () => {
    const { semaphorePlace } = await import('../../src/semaphore/place.ts')
    const place = semaphorePlace({ TMPDIR: '/var/tmp', XDG_RUNTIME_DIR: '/run/user/1000' })
    assert.equal(place.path, `/tmp/tidypool-${process.getuid?.()}`)
    assert.equal(semaphorePlace({ TIDYPOOL_STATE_DIR: '/srv/state' }).path, '/srv/state')
  },
)
