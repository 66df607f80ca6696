/** `--max-instances` of `run` and `exec`. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { bench, until, type Bench, type Started } from './command.ts'

/** A command that says that it runs, and does until there is a file. */
const script = 'echo >> "began-$0"; while [ ! -e "end-$0" ]; do sleep 0.02; done'

function start(b: Bench, name: string, options: readonly string[]): Started {
  return b.start(['exec', ...options, '--', 'sh', '-c', script, name])
}

async function began(b: Bench, name: string): Promise<void> {
  await until(() => existsSync(b.file(`began-${name}`)), `${name} to begin`)
}

test('exec --max-instances: the second waits, says so once, and starts when the first has ended', async (t) => {
  const b = bench(t)
  const first = start(b, 'a', ['--max-instances', '1'])
  await began(b, 'a')
  const second = start(b, 'b', ['--max-instances', '1'])
  const text = 'tidypool: waiting for the one instance of "sh" to end\n'
  await until(() => second.stderr() === text, 'it to say that it waits')
  assert.ok(!existsSync(b.file('began-b')))
  b.write('end-a', '')
  b.write('end-b', '')
  assert.equal((await first.ended).code, 0)
  const ended = await second.ended
  assert.deepEqual([ended.code, ended.stderr], [0, text])
})

test('exec --max-instances: the place is free again when tidypool is killed', async (t) => {
  const b = bench(t)
  const first = start(b, 'a', ['--max-instances', '1', '--instance-name', 'n'])
  await began(b, 'a')
  const second = start(b, 'b', ['--max-instances', '1', '--instance-name', 'n'])
  await until(() => second.stderr() !== '', 'it to wait')
  process.kill(first.pid, 'SIGKILL')
  await began(b, 'b')
  b.write('end-b', '')
  assert.equal((await second.ended).code, 0)
})

test('exec --instance-wait: without a place in time nothing starts, and the exit code is 75', async (t) => {
  const b = bench(t)
  const first = start(b, 'a', ['--max-instances', '1'])
  await began(b, 'a')
  for (const wait of ['0', '50ms']) {
    const ended = await start(b, 'b', ['--max-instances', '1', '--instance-wait', wait]).ended
    assert.equal(ended.code, 75, ended.stderr)
    assert.match(ended.stderr, /nothing was started: another instance of "sh" is still running/)
  }
  const other = await start(b, 'b', ['--max-instances', '2']).ended
  assert.equal(other.code, 2)
  assert.match(other.stderr, /--max-instances 2: others that run under the name "sh" have 1/)
  assert.ok(!existsSync(b.file('began-b')))
  b.write('end-a', '')
  await first.ended
})

for (const command of ['exec', 'run'] as const) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${command} that waits for a place dies of ${signal} at once, and leaves nothing`, async (t) => {
      const b = bench(t)
      const first = start(b, 'a', ['--max-instances', '1', '--instance-name', 'n'])
      await began(b, 'a')
      const options = ['--max-instances', '1', '--instance-name', 'n']
      const words = command === 'run' ? ['--range', '1..3'] : []
      const second = b.start([command, ...words, ...options, '--', 'touch', 'never'])
      await until(() => second.stderr().includes('waiting'), 'it to wait')
      process.kill(second.pid, signal)
      assert.equal((await second.ended).signal, signal)
      b.write('end-a', '')
      await first.ended
      assert.ok(!existsSync(b.file('never')))
    })
  }
}

test('run --max-instances: runs of one module take turns, also with --json', async (t) => {
  const b = bench(t)
  const args = ['run', 'tasks.mjs', '--range', '1..2', '--max-instances', '1', '--json']
  const first = start(b, 'a', ['--max-instances', '1', '--instance-name', 'tasks.mjs'])
  await began(b, 'a')
  const second = b.start(args)
  await until(() => second.stderr() !== '', 'it to say that it waits')
  assert.deepEqual(JSON.parse(second.stderr()), {
    schemaVersion: 1,
    type: 'waiting',
    message: 'waiting for the one instance of "tasks.mjs" to end',
  })
  b.write('end-a', '')
  await first.ended
  assert.equal((await second.ended).code, 0, second.stderr())
})

test('--dry-run and --quiet: nothing is waited for, nothing is said', async (t) => {
  const b = bench(t)
  const first = start(b, 'a', ['--max-instances', '1', '--instance-name', 'n'])
  await began(b, 'a')
  const options = ['--max-instances', '1', '--instance-name', 'n']
  const dry = await b.run(['run', '1', ...options, '--dry-run', '--', 'true'])
  assert.equal(dry.code, 0, dry.stderr)
  const quiet = start(b, 'b', [...options, '--quiet'])
  b.write('end-a', '')
  b.write('end-b', '')
  await first.ended
  assert.deepEqual([(await quiet.ended).code, quiet.stderr()], [0, ''])
})

for (const [args, says] of [
  [['exec', '--instance-name', 'n', '--', 'true'], /--instance-name.*given with --max-instances/],
  [['exec', '--instance-wait', '1s', '--', 'true'], /--instance-wait.*given with --max-instances/],
  [['exec', '--max-instances', '0', '--', 'true'], /--max-instances.*a number from 1 to 256/],
  [['run', '1', '--max-instances', '1000', '--', 'true'], /--max-instances.*from 1 to 256/],
  [
    ['run', '1', '--shell', '--max-instances', '1', '--', 'echo {}'],
    /together with --instance-name/,
  ],
  [['run', '1', '--max-instances', '1', '--instance-wait', '5', '--', 'true'], /with a unit/],
] as const) {
  test(`${args.join(' ')} is refused`, { skip: needs('linux') }, async (t) => {
    const ended = await bench(t).run(args)
    assert.equal(ended.code, 2, ended.stderr)
    assert.match(ended.stderr, says)
  })
}
