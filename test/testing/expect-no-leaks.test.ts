import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { ProcessExecutor, ThreadExecutor } from 'tidypool'
import { expectNoLeaks, LeakError, type Leak } from 'tidypool/testing'
import type * as Tasks from '../contract/tasks.mjs'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'

/** Short: what is left on purpose does not go. */
const soon = { settleMs: 150 }
const cleanUps: (() => unknown)[] = []
const tasks = new URL('../contract/tasks.mjs', import.meta.url)

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** What the function leaves: kinds and texts. */
async function leaksOf(run: () => unknown, options = soon): Promise<readonly Leak[]> {
  try {
    await expectNoLeaks(run, options)
  } catch (error) {
    if (error instanceof LeakError) return error.leaks
    throw error
  }
  return []
}

function texts(leaks: readonly Leak[]): string[] {
  return leaks.map(({ what }) => what)
}

function assertOne(leaks: readonly Leak[], what: RegExp, kind: Leak['kind']): Leak {
  assert.equal(leaks.length, 1, texts(leaks).join('\n'))
  const [leak] = leaks
  assert.ok(leak)
  assert.match(leak.what, what)
  assert.equal(leak.kind, kind)
  return leak
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

test('a function that leaves nothing passes, and its result is returned', async () => {
  assert.equal(await expectNoLeaks(() => 7), 7)
  assert.equal(await expectNoLeaks(async () => 'later'), 'later')
})

test('what is closed, cleared, ended and removed by the function is no leak', async () => {
  await expectNoLeaks(async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'used-'))
    writeFileSync(path.join(folder, 'file'), 'text')
    const file = await open(path.join(folder, 'file'))
    const server = net.createServer().listen(0)
    const timer = setInterval(() => {}, 1000)
    const thread = new Worker('setInterval(() => {}, 1000)', { eval: true })
    const child = spawn('sleep', ['1000'])
    const listener = (): void => {}
    process.on('SIGUSR2', listener)
    await once(thread, 'online')

    process.off('SIGUSR2', listener)
    await kill(child)
    await thread.terminate()
    clearInterval(timer)
    server.close()
    await file.close()
    rmSync(folder, { recursive: true })
  })
})

test('what goes by itself within settleMs is no leak', async () => {
  await expectNoLeaks(() => void setTimeout(() => {}, 300))
})

test('pools of tidypool that are shut down leave nothing', async () => {
  await expectNoLeaks(async () => {
    await using threads = new ThreadExecutor<typeof Tasks>(tasks, { maxWorkers: 1 })
    await using processes = new ProcessExecutor<typeof Tasks>(tasks, { maxWorkers: 1 })
    assert.deepEqual(
      await Promise.all([threads.submit('add', 1, 2), processes.submit('add', 3, 4)]),
      [3, 7],
    )
  })
})

test('a pool that is not shut down is found by its workers', async () => {
  const pool = new ThreadExecutor<typeof Tasks>(tasks, { maxWorkers: 1 })
  cleanUps.push(() => pool.shutdown())
  const leaks = await leaksOf(() => pool.submit('add', 1, 2))
  assertOne(leaks, /^thread \d+$/, 'thread')
})

test('a child process is left: named once, with pid, command and place', async () => {
  let pid: number | undefined
  const leaks = await leaksOf(() => {
    const child = spawn('sleep', ['1000'])
    cleanUps.push(() => kill(child))
    ;({ pid } = child)
  })
  const leak = assertOne(leaks, /^process \d+ \(sleep 1000\)$/, 'process')
  assert.equal(leak.pid, pid)
  assert.match(leak.where ?? '', /expect-no-leaks\.test\.ts:\d+:\d+$/)
  assert.ok(leak.sinceMs !== undefined && leak.sinceMs < 60_000)
})

test(
  'a descendant in a session of its own, whose parents have ended, is left',
  { skip: needs('linux', 'setsid') },
  async () => {
    const leaks = await leaksOf(async () => {
      const shell = spawn('sh', ['-c', 'setsid sleep 1000 >/dev/null 2>&1 &'], { stdio: 'ignore' })
      await once(shell, 'exit')
    })
    const leak = assertOne(leaks, /^process \d+ \(.*sleep 1000\)$/, 'process')
    process.kill(leak.pid ?? Number.NaN, 'SIGKILL')
  },
)

test('a thread is left', async () => {
  const leaks = await leaksOf(async () => {
    const thread = new Worker('setInterval(() => {}, 1000)', { eval: true })
    cleanUps.push(() => thread.terminate())
    thread.on('message', () => {})
    await once(thread, 'online')
  })
  const leak = assertOne(leaks, /^thread \d+$/, 'thread')
  assert.match(leak.where ?? '', /expect-no-leaks\.test\.ts:\d+:\d+$/)
})

test('timers are left: named by their time and place', async () => {
  const leaks = await leaksOf(() => {
    const timer = setInterval(() => {}, 12_345)
    cleanUps.push(() => clearInterval(timer))
  })
  const leak = assertOne(leaks, /^timer \(setInterval, every 12345 ms\)$/, 'timer')
  assert.match(leak.where ?? '', /expect-no-leaks\.test\.ts:\d+:\d+$/)

  const later = await leaksOf(() => {
    const timer = setTimeout(() => {}, 54_321)
    cleanUps.push(() => clearTimeout(timer))
  })
  assertOne(later, /^timer \(setTimeout, 54321 ms\)$/, 'timer')
})

test('a timer that keeps no program alive is none', async () => {
  await expectNoLeaks(() => {
    const timer = setInterval(() => {}, 1000).unref()
    cleanUps.push(() => clearInterval(timer))
  })
})

test('a server is left: named by what it listens on', { skip: needs('linux') }, async () => {
  let port = 0
  const leaks = await leaksOf(async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    cleanUps.push(() => server.close())
    await once(server, 'listening')
    ;({ port } = server.address() as AddressInfo)
  })
  const leak = assertOne(
    leaks,
    /^TCP socket listening on 127\.0\.0\.1:\d+ \(descriptor \d+\)$/,
    'socket',
  )
  assert.ok(leak.what.includes(`:${port} `))
  assert.match(leak.where ?? '', /expect-no-leaks\.test\.ts:\d+:\d+$/)
})

test('a Unix socket is left, with its file', { skip: needs('linux') }, async () => {
  const leaks = await leaksOf(async () => {
    const server = net.createServer().listen(path.join(os.tmpdir(), 's'))
    cleanUps.push(() => server.close())
    await once(server, 'listening')
  })
  assert.deepEqual(
    leaks.map(({ kind }) => kind),
    ['socket', 'temporary file'],
  )
  assert.match(leaks[0]?.what ?? '', /^Unix socket listening on .*\/s \(descriptor \d+\)$/)
  assert.match(leaks[1]?.what ?? '', /^temporary socket file s /)
})

test('a connection that fetch keeps for later is none', async (t) => {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expectNoLeaks(async () => {
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'hello')
  })
})

test('a connection that is open is left, both ends', { skip: needs('linux') }, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const leaks = await leaksOf(async () => {
    const accepted = once(server, 'connection') as Promise<[net.Socket]>
    const client = net.connect(port, '127.0.0.1')
    cleanUps.push(() => client.destroy())
    const [socket] = await accepted
    cleanUps.push(() => socket.destroy())
  })
  assert.deepEqual(
    leaks.map(({ what }) =>
      what.replaceAll(/\d{2,}/g, 'N').replace(/descriptor \d+/, 'descriptor N'),
    ),
    Array.from({ length: 2 }, () => 'TCP socket N.0.0.1:N to N.0.0.1:N (descriptor N)'),
  )
})

test('descriptors are left: named by what they point to', { skip: needs('linux') }, async () => {
  const leaks = await leaksOf(async () => {
    const fd = openSync('/dev/zero', 'r')
    const file = await open('/dev/full')
    cleanUps.push(
      () => closeSync(fd),
      () => file.close(),
    )
  })
  assert.deepEqual(
    texts(leaks)
      .map((text) => text.replace(/\d+/, 'N'))
      .toSorted(),
    ['descriptor N of /dev/full', 'descriptor N of /dev/zero'],
  )
})

test('a watcher of files is left', async () => {
  const leaks = await leaksOf(() => {
    const watcher = watch(import.meta.dirname)
    cleanUps.push(() => watcher.close())
  })
  assertOne(leaks, /^handle \(fs\.watch\)$/, 'handle')
})

test('listeners on process are left, signal handlers among them', async () => {
  function reload(): void {}
  const leaks = await leaksOf(() => {
    process.on('SIGUSR2', reload)
    process.once('beforeExit', reload)
    cleanUps.push(() => process.off('SIGUSR2', reload).off('beforeExit', reload))
  })
  assert.deepEqual(texts(leaks).toSorted(), [
    'listener for SIGUSR2 on process (reload)',
    'listener for beforeExit on process (reload)',
  ])
  for (const { where } of leaks) assert.match(where ?? '', /expect-no-leaks\.test\.ts:\d+:\d+$/)
})

test('temporary files are left: named, and removed', async () => {
  let folder = ''
  const leaks = await leaksOf(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'forgotten-'))
    writeFileSync(path.join(folder, 'file'), 'text')
    writeFileSync(path.join(os.tmpdir(), 'note'), 'text')
  })
  assert.deepEqual(
    texts(leaks)
      .map((text) => text.replace(/-\w{6} /, '- '))
      .toSorted(),
    ['temporary directory forgotten- (1 entries)', 'temporary file note (4 bytes)'],
  )
  assert.equal(existsSync(folder), false)
})

test('temporary files of a child are left as well', { skip: needs('linux') }, async () => {
  const leaks = await leaksOf(async () => {
    const child = spawn('sh', ['-c', 'echo text > "$TMPDIR/by-child"'])
    await once(child, 'exit')
  })
  assertOne(leaks, /^temporary file by-child /, 'temporary file')
})

test(
  'an object of a child in /dev/shm is left; one of a stranger is not',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const leaving = new URL('./programs/leaves_segment.py', import.meta.url).pathname
    const strangers = `/dev/shm/tidypool-test-stranger-${randomUUID()}`
    t.after(() => rmSync(strangers, { force: true }))
    const leaks = await leaksOf(async () => {
      // Nobody has it open, and its name tells nothing.
      writeFileSync(strangers, '')
      const child = spawn('python3', [leaving], { stdio: ['pipe', 'pipe', 'inherit'] })
      const [name] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
      cleanUps.push(() => rmSync(path.join('/dev/shm', name.trim())))
      // Long enough to be seen with it: docs/testing.md.
      setTimeout(() => child.stdin.end(), 500)
      await once(child, 'exit')
    })
    assertOne(leaks, /^shared memory \/dev\/shm\/psm_\w+ \(segment, \d+ bytes\)$/, 'shared memory')
  },
)

test('allow names what may stay, by a part of it or a pattern', async () => {
  const leave = (): void => {
    const timer = setInterval(() => {}, 12_345)
    cleanUps.push(() => clearInterval(timer))
  }
  await expectNoLeaks(leave, { ...soon, allow: ['12345'] })
  await expectNoLeaks(leave, { ...soon, allow: [/^timer .*every \d+ ms/g] })
  await assert.rejects(expectNoLeaks(leave, { ...soon, allow: ['process', /^thread/] }), LeakError)
})

test('the error lists each leak in a line', async () => {
  const failing = expectNoLeaks(() => {
    const timer = setInterval(() => {}, 12_345)
    cleanUps.push(() => clearInterval(timer))
  }, soon)
  await assert.rejects(failing, {
    name: 'LeakError',
    code: 'ERR_LEAK',
    message:
      /^1 thing is still there 150 ms after the end\..*\n {2}timer \(setInterval, every 12345 ms\), since \d+ ms after the start, from test.testing.expect-no-leaks\.test\.ts:\d+:\d+$/,
  })
})

test("the function's error wins, with the leaks as the last of its causes", async () => {
  const cause = new Error('first')
  const own = new Error('second', { cause })
  const leave = (error: unknown) => (): never => {
    const timer = setInterval(() => {}, 12_345)
    cleanUps.push(() => clearInterval(timer))
    throw error
  }
  await assert.rejects(expectNoLeaks(leave(own), soon), (error) => error === own)
  assert.ok(cause.cause instanceof LeakError)

  const clean = new Error('nothing left')
  await assert.rejects(
    expectNoLeaks(() => Promise.reject(clean)),
    (error) => error === clean && clean.cause === undefined,
  )

  const frozen = Object.freeze(new Error('frozen'))
  for (const thrown of [frozen, 'a text']) {
    await assert.rejects(expectNoLeaks(leave(thrown), soon), (error) => {
      assert.ok(error instanceof AggregateError)
      assert.equal(error.errors[0], thrown)
      assert.ok(error.errors[1] instanceof LeakError)
      return true
    })
  }
})

test('two at the same time are refused', async () => {
  let end = (): void => {}
  const first = expectNoLeaks(() => new Promise<void>((resolve) => (end = resolve)))
  await assert.rejects(
    expectNoLeaks(() => {}),
    { code: 'ERR_LEAK_WATCH' },
  )
  end()
  await first
  await expectNoLeaks(() => {})
})

test('afterwards environment, listeners and descriptors are as before', async () => {
  const look = (): unknown => [
    process.env['TMPDIR'],
    process.env['TIDYPOOL_LEAK_WATCH'],
    process.listenerCount('newListener'),
    process.eventNames().filter((name) => name !== 'exit').length,
  ]
  const before = look()
  let temp = ''
  await expectNoLeaks(() => {
    temp = os.tmpdir()
    assert.notEqual(temp, before)
    assert.deepEqual(readdirSync(temp), [])
  })
  assert.deepEqual(look(), before)
  await until(() => !existsSync(temp), 'the temporary directory to be removed')
})

test('wrong options are refused, by name', async () => {
  const refused = (options: object, option: string): Promise<void> =>
    assert.rejects(
      expectNoLeaks(() => {}, options),
      { code: 'ERR_OPTION', option },
    )
  await refused({ settleMs: -1 }, 'settleMs')
  await refused({ settleMs: Infinity }, 'settleMs')
  await refused({ settleMs: '2s' }, 'settleMs')
  await refused({ allow: 'timer' }, 'allow')
  await refused({ allow: [''] }, 'allow')
  await refused({ allow: [7] }, 'allow')
  await refused({ timeout: 7 }, 'timeout')
})
