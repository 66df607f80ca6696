/** `tidypool run … -- COMMAND`, on the packed and installed package. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { commandLineOf, lookAtProcesses } from '../helpers/processes.ts'
import { command } from './installed.ts'
import { terminal } from './tmux.ts'
import { bench, processesWith, resultsIn, until, type Bench } from './command.ts'

interface Value {
  readonly command: string
  readonly exitCode: number | null
  readonly signal: string | null
  readonly processorMs: number
  readonly peakBytes: number
  readonly stdoutBytes: number
  readonly outputComplete: boolean
  readonly left: readonly { readonly command: string; readonly how: string }[]
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Processes of the bench that run this. */
function running({ env }: Bench, name: string): string[] {
  return processesWith(env['TIDYPOOL_TEST_BENCH'] ?? '').filter((line) =>
    line.replace(/^\d+ /, '').startsWith(name),
  )
}

test('run -- runs a command for each input, and passes its output on, whole and where it was written to', async (t) => {
  const { run } = bench(t)
  const script = 'for n in 1 2 3 4 5; do echo $0 out $n; echo $0 err $n >&2; done'
  const ended = await run(['run', 'a', 'b', 'c', '-j', '3', '-q', '--', 'sh', '-c', script])
  assert.equal(ended.code, 0, ended.stderr)
  for (const [text, stream] of [
    [ended.stdout, 'out'],
    [ended.stderr, 'err'],
  ] as const) {
    const groups = lines(text).map((line) => line.split(' ')[0])
    assert.equal(groups.length, 15)
    assert.ok(lines(text).every((line) => line.includes(` ${stream} `)))
    assert.equal(groups.filter((name, at) => name !== groups[at - 1]).length, 3, 'not mixed')
  }
})

test('run --: where inputs come from is what it is with a module', async (t) => {
  const { run, write } = bench(t)
  write('in.txt', 'a b\n\nc\n')
  write('in.jsonl', '{"id":"x","n":1}\n"text"\n5\n')
  const echo = ['--keep-order', '-q', '--', 'echo', '<{}>']
  const said = async (args: readonly string[], stdin?: string): Promise<string> => {
    const ended = await run(['run', ...args, ...echo], stdin === undefined ? {} : { stdin })
    assert.equal(ended.code, 0, ended.stderr)
    return ended.stdout
  }
  assert.equal(await said(['--input', 'in.txt']), '<a b>\n<c>\n')
  assert.equal(await said(['in.*']), '<in.jsonl>\n<in.txt>\n')
  assert.equal(await said(['--range', '1..2']), '<1>\n<2>\n')
  assert.equal(await said([], 'one\ntwo\n'), '<one>\n<two>\n')
  assert.equal(await said(['--format', 'null'], 'a\nb\0c'), '<a\nb>\n<c>\n')
  assert.equal(await said(['--input', 'in.jsonl']), '<{"id":"x","n":1}>\n<text>\n<5>\n')
  assert.equal((await run(['run', '--', 'echo'])).code, 4)
})

test('run --: a command has an empty standard input, no terminal, and files behind /dev/stdout and /dev/stderr', async (t) => {
  const { run } = bench(t)
  const script = 'cat; test -t 1 || echo one > /dev/stdout; echo two; echo three > /dev/stderr'
  const ended = await run(['run', 'x', '-q', '--', 'sh', '-c', script])
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual([ended.stdout, ended.stderr], ['one\ntwo\n', 'three\n'])
})

test('run --: words stay words without a shell; with --shell inputs are quoted', async (t) => {
  const { run, write, file } = bench(t)
  write('in.txt', `it's "$HOME" $(touch made) \`touch made\`; touch made #\n`)
  const wanted = `it's "$HOME" $(touch made) \`touch made\`; touch made #\n`
  const plain = await run(['run', '--input', 'in.txt', '-q', '--', 'echo', '{}'])
  assert.equal(plain.stdout, wanted)
  const args = ['run', '--input', 'in.txt', '-q', '--shell', '--']
  assert.equal((await run([...args, 'echo {} | cat'])).stdout, wanted)
  assert.equal((await run([...args, 'echo "{}"; :'])).stdout, wanted)
  assert.equal((await run([...args, "echo '{}'"])).stdout, wanted)
  assert.equal((await run([...args, 'echo', '{}', '|', 'cat', ';', 'true'])).code, 0)
  const refused = await run([...args, 'echo begun;'])
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /--shell.*\{\} says where the input goes/)
  assert.ok(!existsSync(file('made')))
})

test(
  'run --: every option of parallel that is the same gives the same',
  { skip: needs('parallel') },
  async (t) => {
    const b = bench(t)
    b.write('in.txt', 'a/b.c\nd\ne f.tar.gz\n')
    const env = { ...b.env, PARALLEL_HOME: b.file('home'), HOME: b.folder }
    const theirs = (...args: readonly string[]): string =>
      execFileSync('parallel', ['-k', '-a', 'in.txt', ...args], {
        cwd: b.folder,
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    const ours = async (
      options: readonly string[],
      command: readonly string[],
    ): Promise<string> => {
      const args = ['run', '--input', 'in.txt', '--keep-order', '-q', ...options, '--', ...command]
      return (await b.run(args)).stdout
    }
    for (const command of [
      ['echo'],
      ['echo', '{.}', '{/}', '{//}', '{/.}', '{#}'],
      ['printf', '%s', 'x{}y{#}'],
      ['sh', '-c', 'echo one; printf two', 'sh', '{}'],
    ]) {
      assert.equal(await ours([], command), theirs('-q', ...command))
      assert.equal(await ours(['--tag'], command), theirs('--tag', '-q', ...command))
    }
    const script = 'echo {} | tr a-z A-Z'
    assert.equal(await ours(['--shell'], [script]), theirs(script))
  },
)

test('run --: exit codes, signals and a time-out are failed inputs; the record says how each ended', async (t) => {
  const { run, read } = bench(t)
  const script =
    'echo said >&2; case $1 in 1) exit 0;; 2) exit 3;; 3) kill -9 $$;; 4) sleep 60;; esac'
  const ended = await run(
    [
      'run',
      '--range',
      '1..4',
      '-j',
      '4',
      '--timeout',
      '3s',
      '--out',
      'out.jsonl',
      '--joblog',
      'log',
    ].concat(['--', 'sh', '-c', script, 'sh']),
  )
  assert.equal(ended.code, 1, ended.stderr)
  const byId = new Map(resultsIn(read('out.jsonl')).map((line) => [line.id, line]))
  const ok = byId.get('1')
  const value = ok?.value as Value
  assert.deepEqual([ok?.status, value.exitCode, value.signal, value.left], ['ok', 0, null, []])
  assert.match(ok?.commandHash ?? '', /^[0-9a-f]{32}$/)
  assert.match(ok?.task ?? '', /^sh -c /)
  const errors = ['2', '3', '4'].map((id) => byId.get(id)?.error)
  assert.deepEqual(
    errors.map((error) => [error?.code, error?.['exitCode'], error?.['signal'], error?.['stderr']]),
    [
      ['ERR_COMMAND_FAILED', 3, null, 'said\n'],
      ['ERR_COMMAND_FAILED', null, 'SIGKILL', 'said\n'],
      ['ERR_TASK_TIMEOUT', null, 'SIGTERM', 'said\n'],
    ],
  )
  assert.match(ended.stderr, /1 ok, 3 failed/)
  assert.match(
    ended.stderr,
    /1 × ERR_COMMAND_FAILED \(exit code 3\), such as 2: .*exit code 3: said/,
  )
  assert.match(ended.stderr, /0 left behind/)
  const rows = lines(read('log')).map((line) => line.split('\t'))
  assert.deepEqual(rows[0]?.slice(0, 4), ['Seq', 'Host', 'Starttime', 'JobRuntime'])
  assert.deepEqual(
    rows
      .slice(1)
      .map((row) => `${row[0]} ${row[6]} ${row[7]}`)
      .toSorted(),
    ['1 0 0', '2 3 0', '3 0 9', '4 -1 15'],
  )
})

test('run --: a command that cannot be executed is refused before anything runs', async (t) => {
  const { run, write, folder } = bench(t)
  write('plain.txt', 'no program')
  const args = ['run', '--range', '1..3', '--out', 'out.jsonl', '--joblog', 'log', '--']
  for (const [word, message] of [
    ['no-such-command', /no-such-command is not in PATH/],
    ['./plain.txt', /\.\/plain\.txt may not be executed/],
    ['./missing', /there is no \.\/missing/],
  ] as const) {
    const ended = await run([...args, word])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, message)
    assert.equal(lines(ended.stderr).length, 1, ended.stderr)
  }
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('out') || name === 'log'))
  const byInput = await run(['run', 'true', 'no-such-command', '--joblog', 'log', '-q', '--', '{}'])
  assert.equal(byInput.code, 1)
  assert.match(readFileSync(`${folder}/log`, 'utf8'), /\t127\t0\tno-such-command$/m)
})

test('run --: a run that is refused leaves the job log of the one before as it is', async (t) => {
  const { run, read, file } = bench(t)
  const args = ['run', '1', '--out', 'out.jsonl', '--joblog', 'log', '-q']
  assert.equal((await run([...args, '--', 'true'])).code, 0)
  const log = read('log')
  assert.equal(lines(log).length, 2)
  const refused = await run([...args, '--', 'true'])
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /--out.*new or empty file/)
  assert.equal((await run([...args, '--resume', '--', 'false'])).code, 2)
  assert.equal((await run([...args, '--force', '--ids', 'other', '--', 'true'])).code, 2)
  assert.equal(read('log'), log)
  assert.equal(
    (await run(['run', '1', '--out', 'out.jsonl', '--joblog', 'new', '--', 'true'])).code,
    2,
  )
  assert.ok(!existsSync(file('new')))
  assert.equal((await run([...args, '--force', '--', 'echo'])).code, 0)
  assert.match(read('log'), /\techo 1$/m)
})

test('run --: results, job log and output do not go into one file', async (t) => {
  const { run, file, folder } = bench(t)
  mkdirSync(file('sub'))
  symlinkSync('out.jsonl', file('link'))
  symlinkSync('../link', file('sub/link'))
  symlinkSync('.', file('here'))
  const names = [
    'out.jsonl',
    './out.jsonl',
    file('out.jsonl'),
    'link',
    'sub/link',
    'here/out.jsonl',
  ]
  for (const name of names) {
    const args = ['run', '1', '--out', 'out.jsonl', '--joblog', name, '--', 'true']
    for (const each of [args, args.with(3, name).with(5, 'out.jsonl')]) {
      const ended = await run(each)
      assert.equal(ended.code, 2, `${each.join(' ')}: ${ended.stderr}`)
      assert.match(ended.stderr, /--joblog.*another file than --out/)
    }
  }
  assert.ok(!readdirSync(folder).includes('out.jsonl'))
  for (const [option, redirected] of [
    ['--out', '> both'],
    ['--joblog', '2> both'],
  ] as const) {
    const under = ['sh', '-c', `"$@" ${redirected}`, 'sh']
    const ended = await run(['run', '1', option, 'both', '--', 'echo'], { under })
    assert.equal(ended.code, 2, ended.stderr)
  }
})

test('run --: inputs that no command can be given fail alone', async (t) => {
  const { run, write, read } = bench(t)
  write('in.jsonl', `"a\\u0000b"\n"${'x'.repeat(200_000)}"\n"fine"\n`)
  const ended = await run(['run', '--input', 'in.jsonl', '--out', 'out.jsonl', '-q', '--', 'true'])
  assert.equal(ended.code, 1, ended.stderr)
  const messages = resultsIn(read('out.jsonl'))
    .toSorted((one, other) => one.index - other.index)
    .map(({ status, error }) => `${status} ${error?.code} ${error?.message}`)
  assert.match(messages[0] ?? '', /failed ERR_COMMAND_START.*NUL/)
  assert.match(messages[1] ?? '', /failed ERR_COMMAND_START.*longer than the system takes/)
  assert.match(messages[2] ?? '', /^ok/)
})

test('run --: each command has a temporary directory of its own, which goes with it', async (t) => {
  const { run } = bench(t)
  const script = 'echo x > "$TMPDIR/file"; ls "$TMPDIR"; echo "$TMPDIR"'
  const ended = await run(['run', '1', '2', '-q', '--', 'sh', '-c', script])
  const [one, folderOfOne, two, folderOfTwo] = lines(ended.stdout)
  assert.deepEqual([one, two], ['file', 'file'])
  assert.notEqual(folderOfOne, folderOfTwo)
  assert.ok(!existsSync(folderOfOne ?? '') && !existsSync(folderOfTwo ?? ''))
})

test(
  'run --: what a command leaves is ended with it and named, in its record and in the summary',
  { skip: needs('linux', 'setsid') },
  async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1000 > /dev/null 2>&1 & sleep 1001 & sleep 0.2'
    const ended = await b.run(['run', '1', '--out', 'out.jsonl', '--', 'sh', '-c', script])
    assert.equal(ended.code, 0, ended.stderr)
    const [result] = resultsIn(b.read('out.jsonl'))
    assert.ok(result)
    const { left } = result.value as Value
    assert.deepEqual(left.map((each) => each.command).toSorted(), ['sleep 1000', 'sleep 1001'])
    assert.ok(left.every(({ how }) => how === 'asked'))
    assert.match(ended.stderr, /clean-up: 1 command; 0 left behind/)
    assert.match(ended.stderr, /ended: process \d+, sleep 1000, which a command had left running/)
    await b.nothingIsLeft()
  },
)

test(
  'run --: what hides itself is found, also when several commands run at a time',
  { skip: needs('linux', 'setsid') },
  async (t) => {
    const b = bench(t)
    // A number of its own, because it carries nothing else.
    const name = `sleep 1000.${process.pid}`
    const script = `setsid env -i sh -c '${name} & ${name} &'; sleep 0.1; echo $0`
    const ended = await b.run(['run', '--range', '1..8', '-j', '4', '-q', '--', 'sh', '-c', script])
    assert.equal(ended.code, 0, ended.stderr)
    const found = commandLines().filter((line) => line.endsWith(name))
    for (const line of found) process.kill(Number.parseInt(line, 10), 'SIGKILL')
    assert.deepEqual(found, [])
  },
)

test('run --: large output comes whole, in memory that stays small', async (t) => {
  const b = bench(t)
  const script = 'head -c 60000000 /dev/zero; : {}'
  const started = b.start(['run', '--range', '1..2', '-j', '2', '-q', '--shell', '--', script])
  let bytes = 0
  let peakKiB = 0
  started.child.stdout?.on('data', (text: string) => {
    bytes += text.length
    peakKiB = Math.max(peakKiB, residentKiB(started.pid))
  })
  const ended = await started.ended
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(bytes, 120_000_000)
  if (process.platform === 'linux') assert.ok(peakKiB < 250 * 1024, `${peakKiB} KiB`)
})

test(
  'run --: a result says whether somebody else held the output of its command open',
  { skip: needs('linux') },
  async (t) => {
    const b = bench(t)
    const script =
      'echo $$ > pid.new; mv pid.new pid; until test -e go; do sleep 0.01; done; echo end'
    const args = ['run', 'held', '--out', 'out.jsonl', '-q', '--shell', '--', `: {}; ${script}`]
    const started = b.start(args)
    await until(() => existsSync(b.file('pid')), 'the command to run')
    const stranger = openSync(`/proc/${b.read('pid').trim()}/fd/1`, 'w')
    b.atEnd(() => closeSync(stranger))
    b.write('go', '')
    const held = await started.ended
    assert.deepEqual([held.code, held.stdout], [0, 'end\n'], held.stderr)
    assert.equal((await b.run(['run', 'free', '--out', 'free.jsonl', '--', 'echo'])).code, 0)
    const complete = (name: string): unknown =>
      resultsIn(b.read(name)).map(({ value }) => (value as Value).outputComplete)
    assert.deepEqual([complete('out.jsonl'), complete('free.jsonl')], [[false], [true]])
  },
)

test('run --: --keep-order passes output on in the order of the inputs, --retries the output of the last attempt', async (t) => {
  const { run, read } = bench(t)
  const ordered = await run([
    'run',
    '--range',
    '1..6',
    '-j',
    '3',
    '--keep-order',
    '-q',
    '--shell',
    '--',
    'test {} -ne 1 || sleep 1; echo {}',
  ])
  assert.equal(ordered.stdout, '1\n2\n3\n4\n5\n6\n')
  const retried = await run([
    'run',
    'x',
    '--retries',
    '2',
    '--out',
    'out.jsonl',
    '--joblog',
    'log',
    '-q',
    '--shell',
    '--',
    'echo {} >> tries; wc -l < tries; test $(wc -l < tries) -eq 2',
  ])
  assert.deepEqual([retried.code, retried.stdout.trim()], [0, '2'])
  assert.equal(resultsIn(read('out.jsonl'))[0]?.attempts, 2)
  assert.equal(lines(read('log')).length, 2)
})

test('run --: a failed command is repeated while the next input is waited for', async (t) => {
  const b = bench(t)
  const script = 'echo {} >> tries; test {} = b || test $(grep -c a tries) -eq 3'
  const args = ['run', '-j', '1', '--retries', '2', '--out', 'out.jsonl', '-q', '--shell', '--']
  const started = b.start([...args, script], { stdin: 'pipe' })
  started.child.stdin?.write('a\n')
  await until(
    () => existsSync(b.file('out.jsonl')) && b.read('out.jsonl') !== '',
    'the result of a',
  )
  started.child.stdin?.end('b\n')
  const ended = await started.ended
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(b.read('tries'), 'a\na\na\nb\n')
  assert.deepEqual(
    resultsIn(b.read('out.jsonl')).map(({ attempts, worker }) => [attempts, worker]),
    [
      [3, 1],
      [1, 1],
    ],
  )
})

test('run --: what is finished and held back by --keep-order is written before an error ends the run', async (t) => {
  const b = bench(t)
  // Output as long as this goes into a file there.
  const env = { TMPDIR: b.file('missing') }
  const script = 'case {} in 1) sleep 1000;; 2) echo two;; 3) head -c 300000 /dev/zero;; esac'
  const args = ['run', '-j', '2', '--keep-order', '--out', 'out.jsonl', '--joblog', 'log', '-q']
  const started = b.start([...args, '--shell', '--', script], { stdin: 'pipe', env })
  started.child.stdin?.write('1\n2\n3\n')
  const ended = await started.ended
  assert.equal(ended.code, 70, ended.stderr)
  assert.match(ended.stderr, /a temporary file of output.*ENOENT/)
  assert.equal(ended.stdout, 'two\n')
  assert.deepEqual(
    resultsIn(b.read('out.jsonl')).map(({ input, status }) => [input, status]),
    [['2', 'ok']],
  )
  assert.equal(lines(b.read('log')).length, 2)
})

test('run --: --resume runs what is not done, and refuses another command', async (t) => {
  const { run, read } = bench(t)
  const args = ['run', '--range', '1..4', '--out', 'out.jsonl', '--joblog', 'log', '-q']
  const command = ['--', 'sh', '-c', 'echo $0; test $0 -ne 3']
  assert.equal((await run([...args, '--limit', '3', ...command])).code, 1)
  const resumed = await run([...args, '--resume', ...command])
  assert.deepEqual([resumed.code, resumed.stdout], [1, '4\n'])
  const again = await run([...args, '--resume', '--retry-failed', ...command])
  assert.deepEqual([again.code, again.stdout], [1, '3\n'])
  assert.equal(lines(read('log')).length, 6)
  const other = await run([...args, '--resume', '--', 'true'])
  assert.equal(other.code, 2)
  assert.match(other.stderr, /another task \(sh -c /)
  const module = await run([
    'run',
    'tasks.mjs',
    '--range',
    '1..4',
    '--out',
    'out.jsonl',
    '--resume',
  ])
  assert.match(module.stderr, /another task \(sh -c /)
})

test('run --: --halt and --deadline end what runs, as exec does', async (t) => {
  const b = bench(t)
  const halted = await b.run(['run', '--range', '1..100', '--halt', 'now,fail=1', '--', 'false'])
  assert.equal(halted.code, 1)
  assert.match(halted.stderr, /halted by failures/)
  const late = await b.run(
    [
      'run',
      '--range',
      '1..3',
      '-j',
      '3',
      '--deadline',
      '2s',
      '--out',
      'out.jsonl',
      '--shell',
      '--',
    ].concat('test {} -eq 1 || { sleep 1000 & setsid sleep 1000; }'),
  )
  assert.equal(late.code, 124, late.stderr)
  assert.deepEqual(
    resultsIn(b.read('out.jsonl')).map(({ id }) => id),
    ['1'],
  )
  assert.match(late.stderr, /2 cancelled.*ended by its deadline/)
  await b.nothingIsLeft()
})

test('run --: INT asks the commands to end, and the run dies of it', async (t) => {
  const b = bench(t)
  const script =
    'trap "echo $0 >> asked; exit 0" TERM; echo ready >> ready; while :; do sleep 0.05; done'
  const started = b.start(['run', '1', '2', '-j', '2', '--', 'sh', '-c', script])
  await until(
    () => existsSync(b.file('ready')) && lines(b.read('ready')).length === 2,
    'both to run',
  )
  process.kill(started.pid, 'SIGINT')
  const ended = await started.ended
  assert.equal(ended.signal, 'SIGINT', ended.stderr)
  assert.equal(lines(b.read('asked')).length, 2)
  assert.match(ended.stderr, /2 cancelled.*ended by SIGINT/)
})

test(
  'run -- that is killed leaves nothing of its commands',
  { skip: needs('linux', 'setsid') },
  async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1000 & sleep 1000 & echo > "ready-$0"; while :; do :; done'
    const started = b.start(['run', '1', '2', '-j', '2', '--', 'sh', '-c', script])
    await until(
      () => readdirSync(b.folder).filter((name) => name.startsWith('ready-')).length === 2,
      'both commands to run',
    )
    process.kill(started.pid, 'SIGKILL')
    await started.ended
    await b.nothingIsLeft()
  },
)

test(
  'run -- in a terminal: Ctrl-C does not reach the commands but by us, Ctrl-Z stops them with the run',
  { skip: needs('linux', 'tmux') },
  async (t) => {
    const b = bench(t)
    const term = await terminal(b)
    const script = 'trap "echo >> interrupted" INT; trap "echo >> asked; exit" TERM'
    b.write('beat.sh', `${script}; while :; do echo >> beats; sleep 0.02; done\n`)
    term.type(`${command()} run 1 --out out.jsonl -- bash beat.sh`)
    await until(() => existsSync(b.file('beats')), 'the command to run')
    const [line = ''] = running(b, 'bash beat.sh')
    const pid = Number.parseInt(line, 10)
    term.press('C-z')
    await term.shows(/Stopped/)
    await until(() => stateOf(pid) === 'T', 'the command to be stopped')
    term.type('fg')
    await until(() => stateOf(pid) !== 'T', 'the command to go on')
    term.press('C-c')
    await term.shows(/ended by SIGINT/)
    await until(() => existsSync(b.file('asked')), 'the command to be asked')
    assert.ok(!existsSync(b.file('interrupted')))
    term.type('echo "status $?"')
    await term.shows(/^status 130$/m)
  },
)

test('run --: a reader that leaves is a normal end', async (t) => {
  const b = bench(t)
  const started = b.start(['run', '--range', '1..100000', '--', 'echo'])
  await until(() => started.stdout().length > 3, 'the first output')
  started.child.stdout?.destroy()
  const ended = await started.ended
  assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr)
  assert.match(ended.stderr, /nobody reads/)
})

test('run --: --dry-run shows the commands and runs none', async (t) => {
  const b = bench(t)
  const args = ['run', 'a b', "it's", '--joblog', 'log', '--out', 'out.jsonl', '--dry-run']
  const ended = await b.run([...args, '--', 'touch', '{}', '{#}'])
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual(
    lines(ended.stdout).map((line) => line.split('\t')[1]),
    ["touch 'a b' 1", "touch 'it'\\''s' 2"],
  )
  assert.match(ended.stderr, /would run touch \{\} \{#\} on 2 inputs/)
  assert.deepEqual(readdirSync(b.folder).toSorted(), ['tasks.mjs', 'tmp'])
})

test('run --: options of modules are refused with a command, and the other way round', async (t) => {
  const { run } = bench(t)
  for (const [args, option] of [
    [['run', 'a', '--kind', 'thread', '--', 'true'], /--kind only with a module/],
    [['run', 'a', '--param', 'x=1', '--', 'true'], /--param only with a module/],
    [['run', 'tasks.mjs', 'a', '--tag'], /--tag only with a command/],
    [['run', 'tasks.mjs', 'a', '--shell'], /--shell only with a command/],
    [['run', 'tasks.mjs', 'a', '--joblog', 'x'], /--joblog only with a command/],
    [['run', 'a', '--'], /a command behind --/],
    [['run', '--input', 'tasks.mjs', '--joblog', 'tasks.mjs', '--', 'true'], /another file than/],
    [['run', 'a', '--shell', '--', 'echo $(({}))'], /take an input for code/],
  ] as const) {
    const ended = await run(args)
    assert.equal(ended.code, 2, ended.stderr)
    assert.match(ended.stderr, option)
  }
})

function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.[0]
  } catch {
    return undefined // it has ended
  }
}

function residentKiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // not Linux, or it has ended
  }
}

/** `pid command line` of every process. */
function commandLines(): string[] {
  return lookAtProcesses((pid) => `${pid} ${commandLineOf(pid)}`)
}
