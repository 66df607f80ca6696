import assert from 'node:assert/strict'
import { spawnSync, type ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { spawnTethered, type TetheredOptions } from 'tidypool'
import { needs } from '../helpers/needs.ts'
import { isGone, until } from './conditions.ts'
import { tempFolder } from './temp-folder.ts'

/** Runs a command to its end. */
async function run(command: string, args: readonly string[] = [], options: TetheredOptions = {}) {
  const child = spawnTethered(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  const [stdout, [exitCode, signal]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    once(child, 'close'),
  ])
  return { child, stdout, exitCode, signal }
}

test('it behaves as spawn: output, status, signal, and what the child shows', async () => {
  const { child, stdout, exitCode } = await run('sh', ['-c', 'echo "$0" "$1"; exit 7', 'a  b', '*'])
  assert.equal(stdout, 'a  b *\n')
  assert.equal(exitCode, 7)
  assert.equal(child.spawnfile, 'sh')
  assert.deepEqual(child.spawnargs.slice(0, 2), ['sh', '-c'])
  assert.equal(child.stdio.length, 3)
  const killed = await run('sh', ['-c', 'kill -TERM $$'])
  assert.deepEqual([killed.exitCode, killed.signal], [null, 'SIGTERM'])
})

test('stdin reaches the command whole, and none of it is eaten by the gate', async () => {
  const child = spawnTethered('cat', [], { stdio: ['pipe', 'pipe', 'inherit'] })
  assert.ok(child.stdin && child.stdout)
  child.stdin.end('one\ntwo\n')
  assert.equal(await text(child.stdout), 'one\ntwo\n')
})

test('a command that is missing, not executable, or in a missing directory gives the error event of spawn', async (t) => {
  const file = path.join(tempFolder(t), 'file')
  writeFileSync(file, 'text')
  const children = [
    spawnTethered('no-such-command-here'),
    spawnTethered(file),
    spawnTethered('true', [], { cwd: '/nonexistent' }),
  ]
  assert.deepEqual(
    children.map(({ pid }) => pid),
    [undefined, undefined, undefined],
  )
  const codes = await Promise.all(
    children.map(async (child) => {
      const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
      return error.code
    }),
  )
  assert.deepEqual(codes, ['ENOENT', 'EACCES', 'ENOENT'])
})

test('an error that nobody listens for ends the program, as with spawn', () => {
  const script = 'import { spawnTethered } from "tidypool"; spawnTethered("no-such-command-here")'
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /spawn no-such-command-here ENOENT/)
})

test('the command is looked up in the PATH and directory it is given', async (t) => {
  const folder = tempFolder(t)
  const file = path.join(folder, 'greet')
  writeFileSync(file, '#!/bin/sh\necho hello\n')
  chmodSync(file, 0o755)
  assert.equal(
    (await run('greet', [], { env: { PATH: `${folder}:/bin:/usr/bin` } })).stdout,
    'hello\n',
  )
  assert.equal((await run('./greet', [], { cwd: folder })).stdout, 'hello\n')
})

test('the environment arrives whole, also names that a shell drops, and with nothing added but the cookie', async () => {
  const env = {
    PATH: process.env['PATH'],
    'npm_config_@scope:registry': 'x y',
    'with-dash': '1',
    'a.b': '$(id)',
    '1st': '',
    SHLVL: '5',
    plain: 'new\nline',
  }
  const { stdout } = await run('env', ['-0'], { env })
  const found = Object.fromEntries(
    stdout
      .split('\0')
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )
  const { TIDYPOOL_SCOPE, ...rest } = found
  assert.match(TIDYPOOL_SCOPE ?? '', /[0-9a-f]{32}\.\d+$/)
  assert.deepEqual(rest, env)
})

test('shell: true and a shell by name join the words as spawn does', async () => {
  assert.equal(
    (await run('echo "a  b" &&', ['echo $0'], { shell: true })).stdout,
    'a  b\n/bin/sh\n',
  )
  assert.equal((await run('echo', ['$0'], { shell: 'sh' })).stdout, 'sh\n')
})

test('a channel for messages works through the gate', async () => {
  const child = spawnTethered(
    process.execPath,
    ['-e', 'process.on("message", (m) => { process.send([m]); process.disconnect() })'],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  child.send('word')
  assert.deepEqual((await once(child, 'message'))[0], ['word'])
  await once(child, 'exit')
})

test('options that cannot be kept are refused by name', () => {
  const many = Array.from({ length: 10 }, () => 'ignore' as const)
  const wrong: readonly (readonly [string, object])[] = [
    ['argv0', { argv0: 'x' }],
    ['detached', { detached: false }],
    ['stdio', { stdio: many }],
    ['onEscape', { onEscape: 'maybe' }],
  ]
  for (const [option, options] of wrong) {
    assert.throws(() => spawnTethered('true', [], options), { code: 'ERR_OPTION', option })
  }
})

/** Starts a command that prints the pid of what it leaves, and ends. */
async function leave(
  t: TestContext,
  script: string,
  options: TetheredOptions = {},
): Promise<{ child: ChildProcess; left: number }> {
  const { child, stdout } = await run('sh', ['-c', script], options)
  const left = Number(stdout)
  t.after(() => isGone(left) || process.kill(left, 'SIGKILL'))
  return { child, left }
}

test('what the command leaves in its session is ended after it', async (t) => {
  const { left } = await leave(t, 'sleep 300 >/dev/null & echo $!')
  await until(() => isGone(left), 'the rest of the session to be gone')
})

test(
  'what left the session is named and left alive, or ended with onEscape: kill',
  { skip: needs('setsid') },
  async (t) => {
    // The inner shell has left the session before the outer one goes on.
    const script = `echo "$(setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!')"`
    const steps: { escaped?: { pid: number }[] }[] = []
    const note = (message: unknown) =>
      steps.push((message as { fields: { escaped?: { pid: number }[] } }).fields)
    subscribe('tidypool:cleanup', note)
    t.after(() => unsubscribe('tidypool:cleanup', note))
    const reported = await leave(t, script)
    await until(
      () => steps.some(({ escaped }) => escaped?.some(({ pid }) => pid === reported.left)),
      'the report',
    )
    assert.ok(!isGone(reported.left))
    const killed = await leave(t, script, { onEscape: 'kill' })
    await until(() => isGone(killed.left), 'the escaped process to be gone')
  },
)

test('each command leads a session of its own', async () => {
  const child = spawnTethered('sleep', ['300'], { stdio: 'ignore' })
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')
  assert.deepEqual([Number(stat?.[2]), Number(stat?.[3])], [child.pid, child.pid])
  child.kill('SIGKILL')
  await once(child, 'exit')
})
