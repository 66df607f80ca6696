// Large binary data of process workers arrive as they would by the pipe, and go around it.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ProcessExecutor, TaskCloneError, type ProcessExecutorOptions } from 'tidypool'
import { watchLeftovers } from '../../helpers/leftovers.ts'
import { needs } from '../../helpers/needs.ts'

type Tasks = typeof import('./tasks.mjs')
const options = { timeout: 60_000, skip: needs('linux') }
const MiB = 2 ** 20
const large = 300 * 1024

function processes(given: ProcessExecutorOptions = {}): ProcessExecutor<Tasks> {
  return new ProcessExecutor<Tasks>(new URL('./tasks.mjs', import.meta.url), {
    maxWorkers: 1,
    ...given,
  })
}

/** Pages that this process's unnamed files in memory have, beyond their first. */
function pagesAround(): number {
  let pages = 0
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (!readlinkSync(`/proc/self/fd/${fd}`).startsWith('/dev/shm/#')) continue
      pages += Math.max(0, statSync(`/proc/self/fd/${fd}`).blocks / 8 - 1)
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return pages
}

/** What went through the pipe while `body` ran. */
async function detoursOf(body: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = []
  const note = (event: unknown): unknown => seen.push(event)
  subscribe('tidypool:large-data', note)
  try {
    await body()
  } finally {
    unsubscribe('tidypool:large-data', note)
  }
  return seen
}

type MakeView = (memory: ArrayBuffer, offset: number, bytes: number) => ArrayBufferView

const views: readonly MakeView[] = [
  (memory, offset, bytes) => new Uint8Array(memory, offset, bytes),
  (memory, offset, bytes) => new Int8Array(memory, offset, bytes),
  (memory, offset, bytes) => new Uint8ClampedArray(memory, offset, bytes),
  (memory, offset, bytes) => new Int16Array(memory, offset, bytes / 2),
  (memory, offset, bytes) => new Uint16Array(memory, offset, bytes / 2),
  (memory, offset, bytes) => new Int32Array(memory, offset, bytes / 4),
  (memory, offset, bytes) => new Uint32Array(memory, offset, bytes / 4),
  (memory, offset, bytes) => new Float32Array(memory, offset, bytes / 4),
  (memory, offset, bytes) => new Float64Array(memory, offset, bytes / 8),
  (memory, offset, bytes) => new BigInt64Array(memory, offset, bytes / 8),
  (memory, offset, bytes) => new BigUint64Array(memory, offset, bytes / 8),
  (memory, offset, bytes) => new DataView(memory, offset, bytes),
]

test(
  'every class of views arrives as itself, with the bytes that it shows and no others',
  options,
  async () => {
    await using pool = processes()
    const seen = await detoursOf(async () => {
      for (const viewOf of views) {
        const bytes = Uint8Array.from({ length: large + 16 }, (_, index) => (index * 7) % 251)
        const view = viewOf(bytes.buffer, 8, large - 8)
        const { name } = view.constructor
        const described = { tag: name, bytes: large - 8, offset: 0, around: large - 8 }
        assert.deepEqual(await pool.submit('describe', view), described)
        const back = (await pool.submit('echo', view)) as ArrayBufferView
        assert.equal(back.constructor, view.constructor)
        const shown = new Uint8Array(back.buffer, back.byteOffset, back.byteLength)
        assert.ok(Buffer.from(bytes.buffer, 8, large - 8).equals(shown), `${name} has its bytes`)
      }
    })
    assert.deepEqual(seen, [])
    assert.ok(pagesAround() >= large / 4096, 'they went through the file')
  },
)

test(
  'a Buffer stays a Buffer, an ArrayBuffer an ArrayBuffer, and a subclass becomes what it extends',
  options,
  async () => {
    await using pool = processes()
    const buffer = Buffer.alloc(large, 3)
    const asBuffer = await pool.submit('echo', buffer)
    assert.ok(Buffer.isBuffer(asBuffer) && asBuffer.equals(buffer))
    const memory = new Uint8Array(large).fill(4).buffer
    const asMemory = await pool.submit('echo', memory)
    assert.ok(asMemory instanceof ArrayBuffer && Buffer.from(asMemory).equals(Buffer.from(memory)))
    class Pixels extends Uint8Array {}
    const asView = (await pool.submit('echo', new Pixels(large))) as Uint8Array
    assert.equal(asView.constructor, Uint8Array)
  },
)

test(
  'one view given twice is one object on arrival; two views of one memory are two',
  options,
  async () => {
    await using pool = processes()
    const view = new Uint8Array(large).fill(1)
    assert.deepEqual(await pool.submit('compare', view, view), { isSame: true, isShared: true })
    const other = new Uint8Array(view.buffer)
    assert.deepEqual(await pool.submit('compare', view, other), { isSame: false, isShared: false })
  },
)

test('several in one call, inside objects, in cycles and deep down', options, async () => {
  await using pool = processes()
  const a = new Uint8Array(large).fill(1)
  const b = new Float64Array(large).fill(2.5)
  const c = new Uint16Array(10).fill(3)
  const deep = { one: [{ two: { three: [{ four: [{ five: b }] }] } }] }
  const cycle: { a: Uint8Array; self?: unknown; map: Map<string, unknown>; deep: unknown } = {
    a,
    map: new Map<string, unknown>([['b', b]]),
    deep,
  }
  cycle.self = cycle
  const given = [a, { b, list: [c, a] }, 'text', cycle, a.buffer, null] as const
  const back = (await pool.submit('all', ...given)) as unknown as typeof given
  assert.deepEqual(back, given)
  assert.equal(back[3].self, back[3])
  assert.equal(back[1].list[1], back[0])
})

test('errors and thrown values bring their large data', options, async () => {
  await using pool = processes()
  await assert.rejects(pool.submit('failWithBytes', MiB), (error) => {
    assert.ok(error instanceof Error && 'bytes' in error && error.bytes instanceof Uint8Array)
    assert.deepEqual([error.bytes.length, error.bytes[0], error.bytes.at(-1)], [MiB, 9, 9])
    return true
  })
  const thrown: unknown = await pool.submit('throwBytes', MiB).catch((value: unknown) => value)
  assert.ok(thrown instanceof Uint8Array && thrown.length === MiB && thrown[1] === 8)
})

test('progress with large data comes before the result', options, async () => {
  await using pool = processes()
  const told: number[] = []
  const watched = pool.with({
    onProgress: (value) =>
      told.push((value as Uint8Array).length + ((value as Uint8Array)[0] ?? 0)),
  })
  const result = await watched.submit('lastProgress', 3, MiB)
  assert.equal(result[0], 4)
  assert.deepEqual(told.at(-1), MiB + 3)
})

test(
  'very large arguments are sent in pieces; what is sent meanwhile comes after them, as it was',
  options,
  async () => {
    await using pool = processes({ tasksPerWorker: 4 })
    await pool.submit('echo', 1)
    const bytes = new Uint8Array(48 * MiB)
    bytes[0] = 5
    bytes[bytes.length - 1] = 6
    const note = { text: 'before' }
    const first = pool.submit('sumEnds', bytes)
    await turn()
    const second = pool.submit('echo', note)
    const third = pool.submit('sumEnds', new Uint8Array(MiB).fill(2))
    await turn()
    note.text = 'after'
    assert.deepEqual(await first, [48 * MiB, 5, 6])
    assert.deepEqual(await second, { text: 'before' })
    assert.deepEqual(await third, [MiB, 2, 2])
  },
)

test(
  'memory that is handed away while it is sent is as if it had been so before, and concerns no other call',
  options,
  async () => {
    await using pool = processes({ tasksPerWorker: 4 })
    await pool.submit('echo', 1)
    const bytes = new Uint8Array(48 * MiB)
    const lost = pool.submit('sumEnds', bytes)
    await turn()
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    const other = pool.submit('echo', 2)
    const [outcome] = await Promise.allSettled([lost])
    // Up to Node 22 the pipe refuses it; then it sends an empty array.
    if (outcome.status === 'fulfilled') assert.deepEqual(outcome.value, [0, undefined, undefined])
    else assert.ok(outcome.reason instanceof TaskCloneError)
    assert.equal(await other, 2)
  },
)

test(
  'a function is known to its worker although its first call was taken back',
  options,
  async () => {
    await using pool = processes()
    await pool.submit('echo', 1)
    const bytes = new Uint8Array(48 * MiB)
    const lost = pool.submit('sumEnds', bytes)
    await turn()
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    await Promise.allSettled([lost])
    assert.deepEqual(await pool.submit('sumEnds', new Uint8Array(2)), [2, 0, 0])
  },
)

test('what cannot be cloned fails as ever, beside large data too', options, async () => {
  await using pool = processes()
  const bytes = new Uint8Array(MiB)
  const shared = new Uint8Array(new SharedArrayBuffer(MiB)).fill(7)
  const wrong: Promise<unknown>[] = [
    pool.submit('echo', { bytes, run: () => 1 }),
    pool.submit('echo', new SharedArrayBuffer(MiB)),
    pool.submit('all', bytes, new SharedArrayBuffer(8)),
  ]
  for (const call of wrong) await assert.rejects(call, { code: 'ERR_TASK_CLONE', what: 'argument' })
  // Of shared memory a view is copied, as ever.
  assert.deepEqual(await pool.submit('sumEnds', shared), [MiB, 7, 7])
  assert.deepEqual(await pool.submit('sumEnds', bytes), [MiB, 0, 0])
})

test('a thousand results arrive whole, in many workers and sizes', options, async (t) => {
  const leftovers = watchLeftovers(t)
  {
    await using pool = processes({ maxWorkers: 3 })
    const seen = await detoursOf(async () => {
      const calls = Array.from({ length: 1000 }, async (_, index) => {
        const length = 200_000 + ((index * 7919) % 400_000)
        const result = await pool.submit('filled', length, index % 256)
        assert.deepEqual(
          [result.length, result[0], result.at(-1)],
          [length, index % 256, index % 256],
        )
        assert.equal(result.indexOf((index + 1) % 256), -1)
      })
      await Promise.all(calls)
    })
    assert.deepEqual(seen, [])
  }
  await leftovers.none()
})

test('a result leaves although its task ends the worker right after it', options, async () => {
  await using pool = processes()
  await pool.submit('echo', 1)
  const result = pool.submit('filled', 8 * MiB, 3)
  const dying = pool.submit('exitAfter', new Uint8Array(MiB).fill(4))
  await assert.rejects(dying, { code: 'ERR_WORKER_DIED', exitCode: 4, ran: true })
  assert.equal((await result).at(-1), 3)
})

test('the memory goes back when nothing large has been sent for a while', options, async () => {
  await using pool = processes({ idleTimeoutMs: 60_000 })
  await pool.submit('echo', new Uint8Array(40 * MiB))
  const { until } = await import('../../helpers/until.ts')
  await until(() => pagesAround() === 0, 'the files to be empty')
  assert.deepEqual(await pool.submit('sumEnds', new Uint8Array(MiB).fill(1)), [MiB, 1, 1])
})

test(
  'two that one worker was given end, however long it reads them beside an idle one',
  options,
  async () => {
    await using pool = processes({ maxWorkers: 2 })
    // Known to be brief, so that both are for the worker that there is.
    await pool.submit('echo', 0)
    await Promise.all(Array.from({ length: 50 }, (_, n) => pool.submit('echo', n)))
    for (const round of [1, 2, 3]) {
      const calls = [2 * round, 2 * round + 1].map(async (fill) => {
        const result = await pool.submit('echo', new Uint8Array(64 * MiB).fill(fill))
        assert.ok(result instanceof Uint8Array)
        assert.equal(result.at(-1), fill)
      })
      await Promise.all(calls)
    }
  },
)
