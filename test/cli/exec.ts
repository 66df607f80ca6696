/** `tidypool exec`: the command as if run directly, and nothing of it left. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, processesWith, until, type Bench, type Ended } from './command.ts'
import { command } from './installed.ts'
import { terminal } from './tmux.ts'

const ends: readonly (readonly [what: string, command: readonly string[], end: number | string])[] =
  [
    ['true', ['true'], 0],
    ['false', ['false'], 1],
    ['a number', ['sh', '-c', 'exit 200'], 200],
    ['a number that is one of ours', ['sh', '-c', 'exit 2'], 2],
    ['SIGKILL', ['sh', '-c', 'kill -9 $$'], 'SIGKILL'],
    ['SIGTERM', ['sh', '-c', 'kill -TERM $$'], 'SIGTERM'],
    ['SIGPIPE, which Node ignores', ['sh', '-c', 'kill -PIPE $$'], 'SIGPIPE'],
    ['a command that is not there', ['no-such-command'], 127],
    ['a path that is not there', ['./no/such/command'], 127],
    ['a file that may not be executed', ['./tasks.mjs'], 126],
    ['a folder', ['/tmp'], 126],
  ]
for (const [what, command, end] of ends) {
  test(`exec ends as its command does: ${what}`, async (t) => {
    const b = bench(t)
    const ended = await b.run(['exec', '--', ...command])
    assert.equal(ended.signal ?? ended.code, end, ended.stderr)
    assert.match(ended.stderr, end === 126 || end === 127 ? /^tidypool: .*\n$/ : /^$/)
  })
}

test(
  'exec that dies of its command’s signal writes no core file of its own',
  { skip: needs('prlimit') },
  async (t) => {
    const b = bench(t)
    const under = ['sh', '-c', 'ulimit -c unlimited; "$@"; exit $?', 'sh']
    // The command itself shall not write one either: then any would be ours.
    const args = ['exec', '--', 'sh', '-c', 'ulimit -c 0; kill -SEGV $$']
    assert.equal((await b.run(args, { under })).code, 139)
    assert.deepEqual(
      readdirSync(b.folder).filter((name) => name.includes('core')),
      [],
    )
  },
)

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /missing required argument 'COMMAND'/],
  [['--timeout', '5', '--', 'true'], /--timeout.*a duration with a unit/],
  [['--kill-after', 'soon', '--', 'true'], /--kill-after/],
  [['--signal', 'NOPE', '--', 'true'], /--signal.*the name or number of a signal/],
  [['--signal', 'STOP', '--', 'true'], /--signal/],
  [['--allow', '(', '--', 'true'], /--allow.*a regular expression/],
  [['--allow', '', '--', 'true'], /--allow/],
  [['--report', '', '--', 'true'], /--report/],
  [['--memory', '100', '--', 'true'], /--memory.*a size with a unit/],
  [['--memory', '1KiB', '--', 'true'], /--memory.*from 1MiB/],
  [['--pids', '0', '--', 'true'], /--pids.*a number from 1/],
  [['--tiemout', '5s', '--', 'true'], /unknown option '--tiemout'.*Did you mean --timeout/],
]
for (const [args, says] of refused) {
  test(`exec ${args.join(' ')} is refused in one line with exit code 2`, async (t) => {
    const ended = await bench(t).run(['exec', ...args])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, says)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
  })
}

test('exec gives its command its own streams, arguments, folder and environment', async (t) => {
  const b = bench(t)
  const script = 'cat; printf "%s|" "$@"; pwd; env | grep -c "^A_NAME=a value$"; echo err >&2'
  const args = ['exec', '--', 'sh', '-c', script, 'sh', '--timeout', 'a b', '']
  const ended = await b.run(args, { stdin: 'from stdin\n', env: { A_NAME: 'a value' } })
  assert.deepEqual(ended, {
    code: 0,
    signal: null,
    stdout: `from stdin\n--timeout|a b||${b.folder}\n1\n`,
    stderr: 'err\n',
  })
})

test('exec leaves a pipe that it shares with its command as it is: to wait for its reader', async (t) => {
  const b = bench(t)
  // A megabyte is more than a pipe holds: with a pipe that does not block, dd would fail.
  const script = 'dd if=/dev/zero bs=1000000 count=1 status=none >&2'
  const ended = await b.run(['exec', '--', 'sh', '-c', script])
  assert.equal(ended.code, 0)
  assert.equal(ended.stderr.length, 1_000_000)
})

test('exec gives its command the limit of open files that it was given', async (t) => {
  const under = ['sh', '-c', 'ulimit -S -n 200; "$@"; exit $?', 'sh']
  const ended = await bench(t).run(['exec', '--', 'sh', '-c', 'ulimit -S -n'], { under })
  assert.equal(ended.stdout, '200\n')
  // Each shell on the way sets variables, and drops names that are none of its own.
  const env = { PWD: undefined, '@scope:name': 'kept' }
  const { stdout } = await bench(t).run(['exec', '--', 'env'], {
    under: ['bash', ...under.slice(1)],
    env,
  })
  assert.match(stdout, /^@scope:name=kept$/m)
})

const escapes = [
  { what: 'a plain child', script: 'sleep 1000 &' },
  { what: 'a group of its own', script: 'set -m; sleep 1000 &' },
  { what: 'a session of its own', script: 'setsid sleep 1000 &' },
  { what: 'a double fork', script: '(setsid sh -c "sleep 1000 & exit" &) & sleep 0.1' },
  {
    what: 'one that ignores TERM',
    script: `setsid sh -c 'trap "" TERM; while :; do sleep 1; done' & sleep 0.1`,
  },
  { what: 'one whose environment is cleared', script: 'env -i sleep 1000 &' },
  { what: 'one that is stopped', script: 'sleep 1000 & kill -STOP $!' },
]
for (const { what, script } of escapes) {
  test(
    `exec ends what its command leaves: ${what}`,
    { skip: needs('linux', 'setsid') },
    async (t) => {
      const b = bench(t)
      const args = ['exec', '--fail-on-leak', '--kill-after', '200ms', '--', 'bash', '-c', script]
      const ended = await b.run(args)
      assert.equal(ended.code, 3, ended.stderr)
      assert.match(ended.stderr, /^tidypool: bash left \d+ process/)
      await b.nothingIsLeft()
    },
  )
}

test('exec --allow lets a process stay, and --no-clean all of them; both are named', async (t) => {
  const b = bench(t)
  // What stays must not hold the pipes that we read to their end.
  const script = 'for n in 1001 1002; do setsid sleep $n >/dev/null 2>&1 & done; sleep 0.1'
  const left = (): string[] => sleeping(b)
  b.atEnd(() => endAll(b))
  const allowed = await b.run(['exec', '--allow', 'sleep 1002', '--', 'bash', '-c', script])
  assert.match(allowed.stderr, /sleep 1001: ended when it was asked to/)
  assert.match(allowed.stderr, /sleep 1002: allowed to stay/)
  assert.deepEqual(left(), ['sleep 1002'])
  endAll(b)
  const kept = await b.run(['exec', '--no-clean', '--', 'bash', '-c', script])
  assert.match(kept.stderr, /sleep 1001: left running/)
  assert.deepEqual(left().toSorted(), ['sleep 1001', 'sleep 1002'])
  endAll(b)
})

test(
  'exec --memory has the kernel end what goes over it, and says so',
  { skip: needs('cgroup', 'python3') },
  async (t) => {
    const b = bench(t)
    const script = 'x = bytearray(300_000_000)'
    const ended = await b.run(['exec', '--memory', '100MiB', '--', 'python3', '-c', script])
    assert.equal(ended.signal, 'SIGKILL', ended.stderr)
    assert.match(ended.stderr, /went over its limit of memory; the kernel killed 1 process/)
  },
)

test('exec --pids refuses more processes, and says so', { skip: needs('cgroup') }, async (t) => {
  const b = bench(t)
  const script =
    'import os, signal\ntry:\n while 1:\n  os.fork() or signal.pause()\nexcept OSError as e: print(e.errno)'
  const ended = await b.run(['exec', '--pids', '8', '--', 'python3', '-c', script])
  assert.equal(ended.stdout, '11\n')
  assert.match(ended.stderr, /reached its limit of processes/)
})

test(
  'exec lets who may stay live on, also when its command dies of a signal',
  { skip: needs('setsid') },
  async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1002 >/dev/null 2>&1 & sleep 0.1; kill -TERM $$'
    b.atEnd(() => endAll(b))
    const ended = await b.run(['exec', '--allow', 'sleep 1002', '--', 'bash', '-c', script])
    assert.equal(ended.signal, 'SIGTERM')
    // The guardian would have ended it as soon as it sees our end.
    await until(
      () =>
        processesWith(b.env['TIDYPOOL_TEST_BENCH'] ?? '').every(
          (line) => !line.includes('tidypool'),
        ),
      'the guardian to be gone',
    )
    assert.deepEqual(sleeping(b), ['sleep 1002'])
    endAll(b)
  },
)

test('exec whose report nobody reads can be ended', { skip: needs('linux') }, async (t) => {
  const b = bench(t)
  execFileSync('mkfifo', [b.file('fifo')])
  const started = b.start(['exec', '--report', 'fifo', '--', 'sh', '-c', 'echo over'])
  await until(() => started.stdout().includes('over'), 'the command to be over')
  let end: Ended | undefined
  void started.ended.then((ended) => (end = ended))
  await until(() => end !== undefined || !started.child.kill('SIGTERM'), 'it to end')
  assert.equal((await started.ended).signal, 'SIGTERM')
  await b.nothingIsLeft()
})

test('exec that is told to end when its command has ended kills what was left at once', async (t) => {
  const b = bench(t)
  // While the command runs it gets the signal, and both pass over it.
  const script = `trap "" TERM; setsid bash -c 'while :; do sleep 1; done' & echo over`
  const started = b.start(['exec', '--kill-after', '1h', '--', 'bash', '-c', script])
  await until(() => started.stdout().includes('over'), 'the command to be over')
  const telling = setInterval(() => process.kill(started.pid, 'SIGTERM'), 200)
  const ended = await started.ended.finally(() => clearInterval(telling))
  assert.equal(ended.code, 0)
  assert.match(ended.stderr, /: killed/)
})

const overdue = [
  { what: 'polite', script: 'sleep 1000' },
  { what: 'ignores TERM', script: 'trap "" TERM; while :; do sleep 1; done' },
  {
    what: 'forks while it dies',
    script: `trap 'for i in 1 2 3; do setsid sleep 1000 & done; exit 1' TERM; while :; do sleep 0.1; done`,
  },
]
for (const { what, script } of overdue) {
  test(`exec --timeout ends with 124, and all of it is gone: ${what}`, async (t) => {
    const b = bench(t)
    const args = ['exec', '--timeout', '300ms', '--kill-after', '300ms', '--', 'bash', '-c', script]
    const ended = await b.run(args)
    assert.equal(ended.code, 124, ended.stderr)
    assert.match(ended.stderr, /was ended by its time-out/)
    await b.nothingIsLeft()
  })
}

test('exec --report says what happened', async (t) => {
  const b = bench(t)
  const script = 'setsid sleep 1000 & i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'
  await b.run(['exec', '-q', '--report', 'r.json', '--', 'bash', '-c', script])
  const report = JSON.parse(b.read('r.json')) as Record<string, unknown>
  assert.deepEqual(
    [report['schemaVersion'], report['exitCode'], report['signal'], report['timedOut']],
    [1, 0, null, false],
  )
  assert.ok(Number(report['processorMs']) > 0)
  assert.ok(Number(report['peakBytes']) > 0)
  assert.ok(Number(report['processes']) >= 2)
  assert.deepEqual(
    (report['left'] as { command: string; how: string }[]).map(({ command, how }) => [
      command,
      how,
    ]),
    [['sleep 1000', 'asked']],
  )
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
  test(`exec passes ${signal} on, and ends as its command then does`, async (t) => {
    const b = bench(t)
    const script = `trap 'echo heard; exit 7' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
    const started = b.start(['exec', '--', 'bash', '-c', script])
    await until(() => started.stdout().includes('ready'), 'the command to be ready')
    process.kill(started.pid, signal)
    const ended = await started.ended
    assert.deepEqual([ended.code, ended.stdout], [7, 'ready\nheard\n'])
  })
}

for (const group of [false, true]) {
  test(`exec that is killed takes its command along (${group ? 'its group' : 'alone'})`, async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1000 & sleep 1000 & echo ready; while :; do :; done'
    const started = b.start(['exec', '--', 'bash', '-c', script])
    await until(() => started.stdout().includes('ready'), 'the command to be ready')
    process.kill(started.pid, 'SIGKILL')
    await started.ended
    await b.nothingIsLeft()
  })
}

test(
  'exec in a terminal: the command has it, Ctrl-C, Ctrl-Z and fg work',
  { skip: needs('tmux') },
  async (t) => {
    const b = bench(t)
    const term = await terminal(b)
    const run = (script: string): void => term.type(`${command()} exec -- bash -c '${script}'`)
    run('test -t 0 && echo text > /dev/tty; read -r line < /dev/tty; echo "got $line"')
    await term.shows(/^text$/m)
    term.type('a line')
    await term.shows(/^got a line$/m)

    run('trap "echo interrupted; exit 5" INT; echo waiting; while :; do sleep 0.05; done')
    await term.shows(/^waiting$/m)
    term.press('C-c')
    await term.shows(/interrupted$/m)
    term.type('echo "status $?"')
    await term.shows(/^status 5$/m)

    run('echo begun; while [ ! -e go ]; do sleep 0.05; done; echo went on')
    await term.shows(/^begun$/m)
    term.press('C-z')
    await term.shows(/Stopped/)
    b.write('go', '')
    term.type('fg')
    await term.shows(/^went on$/m)
    term.close()
  },
)

/** What of the bench runs now, but for terminals and ourselves: its command lines. */
function sleeping(b: Bench): string[] {
  return running(b).map(({ command }) => command)
}

function endAll(b: Bench): void {
  for (const { pid } of running(b)) process.kill(pid, 'SIGKILL')
}

function running({ env }: Bench): { pid: number; command: string }[] {
  return processesWith(env['TIDYPOOL_TEST_BENCH'] ?? '')
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.replace(/^\d+ /, '').trim() }))
    .filter(({ command }) => command.startsWith('sleep'))
}
