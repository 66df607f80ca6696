import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { handleSignals } from 'tidypool'
import { needs } from '../helpers/needs.ts'
import { until } from './conditions.ts'
import { programPath } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** Starts `programs/signals.mjs` and waits until it is ready. */
async function start(t: TestContext, plan: object, prefix: readonly string[] = []) {
  const words = [...prefix, process.execPath, programPath('signals.mjs'), JSON.stringify(plan)]
  const child = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TIDYPOOL_STATE_DIR: `${tempFolder(t)}/state` },
  })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const said = async (word: string) =>
    until(
      () => output.split('\n').includes(word) || output.includes(`\n${word}`),
      `"${word}" in ${output}`,
    )
  await said('ready')
  return {
    child,
    said,
    lines: () => output.trim().split('\n'),
    stderr: () => errors,
    ended: async () => {
      const [exitCode, signal] = await ended
      return { exitCode, signal }
    },
  }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal}: abort, before, shutdown, and then the end by that signal`, async (t) => {
    const program = await start(t, { before: true, options: { pending: 'cancel', graceMs: 5000 } })
    program.child.kill(signal)
    assert.deepEqual(await program.ended(), { exitCode: null, signal })
    assert.deepEqual(program.lines(), [
      'ignored true',
      'ready',
      `abort The process received ${signal}.`,
      `before ${signal}`,
      'shutdown {"wait":true,"cancelPending":true,"graceMs":5000}',
    ])
    assert.match(program.stderr(), /before failed/)
  })
}

test('executors that are not done after graceMs are told to end at once, and the signal follows', async (t) => {
  const program = await start(t, { shutdownMs: 60_000, options: { graceMs: 100 } })
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { exitCode: null, signal: 'SIGTERM' })
  assert.ok(program.lines().includes('shutdown {"wait":true,"cancelPending":false,"graceMs":100}'))
  assert.ok(program.lines().includes('shutdown {"wait":false,"cancelPending":true,"graceMs":0}'))
  assert.ok(
    program.lines().includes('killed first'),
    'what had not ended is killed by the exit hook',
  )
})

test('a second signal ends at once, by the second signal', async (t) => {
  const program = await start(t, { shutdownMs: 60_000, options: { graceMs: 60_000 } })
  program.child.kill('SIGTERM')
  await program.said('shutdown')
  program.child.kill('SIGINT')
  assert.deepEqual(await program.ended(), { exitCode: null, signal: 'SIGINT' })
  assert.ok(program.lines().includes('killed first'))
})

test('the same signal twice within a moment is one signal', async (t) => {
  const program = await start(t, { shutdownMs: 300, options: { graceMs: 60_000 } })
  program.child.kill('SIGTERM')
  await program.said('shutdown')
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { exitCode: null, signal: 'SIGTERM' })
  assert.ok(!program.lines().includes('killed first'), 'it drained to its end')
})

test('a program with a listener of its own is cleaned up and left alive, without our listeners', async (t) => {
  const program = await start(t, { own: true })
  program.child.kill('SIGTERM')
  await program.said('handled')
  program.child.kill('SIGTERM')
  await program.said('own listener, 0 others')
  assert.equal(program.lines().filter((line) => line.startsWith('shutdown')).length, 1)
  assert.ok(program.lines().includes('own listener, 1 others'))
})

test('disposed of, the default action is back, and workers follow signals again', async (t) => {
  const program = await start(t, { dispose: true, lateExecutor: true })
  assert.deepEqual(program.lines().slice(0, 6), [
    'ignored true',
    'ignored true',
    'ignored false',
    'ignored false',
    'listeners 0',
    'ready',
  ])
  program.child.kill('SIGTERM')
  assert.deepEqual(await program.ended(), { exitCode: null, signal: 'SIGTERM' })
  assert.ok(!program.lines().some((line) => line.startsWith('shutdown')))
})

test(
  'as process 1 of a pid namespace, it ends with 143',
  { skip: needs('pid namespace', 'unshare') },
  async (t) => {
    const script = '"$@" & wait $!; echo status $?'
    const child = spawn(
      'sh',
      [
        '-c',
        script,
        'sh',
        'unshare',
        '--pid',
        '--fork',
        '--mount-proc',
        '--kill-child',
        process.execPath,
        programPath('signals.mjs'),
        '{}',
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
        env: { ...process.env, TIDYPOOL_STATE_DIR: `${tempFolder(t)}/state` },
      },
    )
    t.after(() => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await until(() => output.includes('ready'), 'the program to be ready')
    // The one below unshare, which itself does not pass signals on.
    const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '-s', String(child.pid)], {
      encoding: 'utf8',
    })
    const inner = stdout.split('\n').find((line) => /^\s*\d+ \S*node /.test(line))
    process.kill(Number.parseInt(inner ?? '', 10), 'SIGTERM')
    await until(() => output.includes('status'), 'its end')
    assert.match(output, /status 143/)
  },
)

test('options that are not allowed are refused by name', () => {
  for (const [option, value] of [
    ['graceMs', -1],
    ['graceMs', Number.NaN],
    ['graceMs', '3s'],
    ['pending', 'wait'],
    ['before', 1],
    ['grace', 5],
  ] as const) {
    assert.throws(() => handleSignals({ [option]: value }), { code: 'ERR_OPTION', option })
  }
  assert.equal(process.listenerCount('SIGTERM'), 0)
})

test('node --import tidypool/register says what it handles', async () => {
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tidypool/register', '-e', 'console.log(process.listenerCount("SIGTERM"))'],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0)
  assert.match(stderr, /^tidypool: handling SIGINT, SIGTERM, SIGHUP: .*\n$/)
})
