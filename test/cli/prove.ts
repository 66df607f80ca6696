/** `tidypool prove`: what each end leaves, bare and under `exec`; and nothing of it stays. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { needs } from '../helpers/needs.ts'
import { bench, until } from './command.ts'
import { installed } from './installed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const skip = needs('linux')

interface Count {
  readonly runs: number
  readonly most: number
  readonly total: number
}

interface ProofJson {
  readonly schemaVersion: number
  readonly type: string
  readonly isInterrupted: boolean
  readonly trials: number
  readonly attribution: string
  readonly notRun: readonly { readonly way: string; readonly reason: string }[]
  readonly table: readonly {
    readonly way: string
    readonly mode: string
    readonly runs: number
    readonly didNotEnd: number
    readonly late: number
    readonly left: Readonly<Record<'processes' | 'objects' | 'files', Count>>
  }[]
  readonly monitoring: readonly {
    readonly mode: string
    readonly runs: number
    readonly clean: number
    readonly leakWarnings: number
    readonly accumulated: Readonly<Record<'processes' | 'objects' | 'files', number>>
  }[]
}

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /missing required argument 'COMMAND'/],
  [['--times', '0', '--', 'true'], /--times.*a whole number from 1/],
  [['--times', 'many', '--', 'true'], /--times/],
  [['--only', 'sigfoo', '--', 'true'], /--only.*normal, sigint/],
  [['--mode', 'naked', '--', 'true'], /--mode.*bare, exec, both/],
  [['--mode', 'constructor', '--', 'true'], /--mode/],
  [['--seed', '-1', '--', 'true'], /--seed/],
  [['--within', '10', '--', 'true'], /--within.*a duration with a unit/],
  [['--grace', 'soon', '--', 'true'], /--grace/],
  [['--settle', 'x', '--', 'true'], /--settle/],
  [['--report', '', '--', 'true'], /--report/],
  [['--report', '/nowhere/r.html', '--', 'true'], /--report/],
  [['--', 'no-such-command'], /no-such-command.*a program that can be executed/],
  [['--tmies', '3', '--', 'true'], /unknown option '--tmies'.*Did you mean --times/],
]
for (const [args, says] of refused) {
  test(`prove ${args.join(' ')} is refused in one line with exit code 2`, { skip }, async (t) => {
    const ended = await bench(t).run(['prove', ...args])
    assert.equal(ended.code, 2, ended.stderr)
    assert.match(ended.stderr, says)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
  })
}

test(
  'prove of a command that leaves nothing: a table of zeros, and exit code 0',
  { skip: needs('linux', 'timeout', 'script') },
  async (t) => {
    const b = bench(t)
    const args = ['prove', '--times', '1', '--report', 'r.html', '--', 'sleep', '0.5']
    const ended = await b.run(args)
    assert.equal(ended.code, 0, ended.stdout + ended.stderr)
    assert.match(ended.stderr, /^tidypool: 20 runs, about .* \(a normal one: bare .*, exec .*\)$/m)
    for (const way of ['normal end', 'SIGKILL of the root', 'timeout -k 1s', 'terminal closed']) {
      assert.match(ended.stdout, new RegExp(`^${way}( +(0|-)){6}$`, 'm'))
    }
    assert.match(ended.stdout, /^leak warnings +0 +0$/m)
    assert.match(ended.stdout, /^accumulated objects +0 +0$/m)
    const page = b.read('r.html')
    assert.match(page, /<code>sleep 0\.5<\/code>/)
    // One file, which asks the network for nothing and runs nothing.
    assert.doesNotMatch(page, /https?:|src=|<script|@import|url\(/)
    assert.equal(page.match(/<circle /g)?.length, 20)
  },
)

test('prove of the leaky pool: bare it leaves processes, under exec none', { skip }, async (t) => {
  const b = bench(t)
  const only = ['--only', 'normal', 'sigterm,sigkill', '--times', '2', '--seed', '3']
  const pool = path.join(root, 'examples/leaky/pool.mjs')
  const ended = await b.run(['prove', ...only, '--json', '--', process.execPath, pool])
  assert.equal(ended.code, 0, ended.stdout)
  const proof = JSON.parse(ended.stdout) as ProofJson
  assert.deepEqual([proof.schemaVersion, proof.type, proof.trials], [1, 'prove', 12])
  for (const { way, mode, runs, late, didNotEnd, left } of proof.table) {
    assert.deepEqual([runs + late, didNotEnd], [2, 0], `${way} ${mode}`)
    if (way === 'normal') assert.deepEqual([left.processes.runs, left.files.runs], [0, 0])
    if (mode === 'exec')
      assert.deepEqual([left.processes.total, left.files.total], [0, 0], ended.stdout)
  }
  const [bare] = proof.monitoring
  assert.equal(bare?.mode, 'bare')
  assert.ok(bare.accumulated.processes > 0 && bare.accumulated.files > 0, ended.stdout)
  assert.ok(bare.clean < bare.runs)
})

for (const privacy of ['--private', '--no-private']) {
  const wanted = privacy === '--private' ? (['mount namespace'] as const) : []
  test(
    `prove of the leaky batch (${privacy}): bare it leaves semaphores, and they are removed`,
    { skip: needs('linux', 'python3', ...wanted) },
    async (t) => {
      const b = bench(t)
      const batch = path.join(root, 'examples/leaky/leaky.py')
      const only = ['--only', 'sigkill-group', '--mode', 'bare', '--times', '3', '--seed', '3']
      const flags = privacy === '--private' ? only : [...only, privacy]
      const ended = await b.run(['prove', ...flags, '--json', '--', 'python3', batch])
      assert.equal(ended.code, 1, ended.stderr)
      const proof = JSON.parse(ended.stdout) as ProofJson
      assert.equal(proof.attribution, privacy === '--private' ? 'private' : 'watched')
      const [cell] = proof.table
      assert.ok((cell?.left.objects.most ?? 0) >= 6, ended.stdout)
      const names = [...ended.stdout.matchAll(/"(\/dev\/shm\/[^"]+)"/g)].map(([, name]) => name)
      assert.ok(names.length > 0)
      for (const name of names) assert.throws(() => readFileSync(name ?? ''), { code: 'ENOENT' })
    },
  )
}

test(
  'prove of the leaky batch under exec: nothing is left, and exit code 0',
  { skip: needs('linux', 'python3', 'script') },
  async (t) => {
    const b = bench(t)
    const batch = path.join(root, 'examples/leaky/leaky.py')
    const only = ['--only', 'sigterm,sigkill,sigkill-group,terminal-closed', '--seed', '3']
    const args = ['prove', ...only, '--mode', 'exec', '--times', '1', '--json', '--']
    const ended = await b.run([...args, 'python3', batch])
    assert.equal(ended.code, 0, ended.stdout)
    const { monitoring } = JSON.parse(ended.stdout) as ProofJson
    const [exec] = monitoring
    assert.deepEqual([exec?.runs, exec?.clean], [4, 4], ended.stdout)
    assert.deepEqual(exec?.accumulated, { processes: 0, objects: 0, files: 0 })
  },
)

test(
  'prove of a command without an end: it is ended within --within, and the normal end is left out',
  { skip },
  async (t) => {
    const b = bench(t)
    const args = ['prove', '--within', '700ms', '--times', '1', '--mode', 'bare']
    const ended = await b.run([...args, '--only', 'normal,sigterm', '--', 'sleep', '1000'])
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(
      ended.stderr,
      /^tidypool: normal end: not run, the command does not end by itself in time$/m,
    )
    assert.match(ended.stdout, /^SIGTERM +0 +0 +0$/m)
    assert.doesNotMatch(ended.stdout, /^normal end +\S/m)
  },
)

test('prove names a command that passes over a signal', { skip }, async (t) => {
  const b = bench(t)
  const script = 'trap "" TERM; while :; do sleep 0.1; done'
  const args = ['prove', '--within', '2s', '--grace', '200ms', '--times', '1', '--mode', 'bare']
  const ended = await b.run([...args, '--only', 'sigterm', '--seed', '2', '--', 'sh', '-c', script])
  assert.match(ended.stdout, /^SIGTERM, bare: 1 of 1 went on, and are not counted$/m)
})

test('prove says when the command fails by itself, and with what words', { skip }, async (t) => {
  const b = bench(t)
  const args = ['prove', '--only', 'normal', '--times', '1', '--mode', 'bare']
  const ended = await b.run([...args, '--', 'sh', '-c', 'echo no such sample >&2; exit 3'])
  assert.equal(ended.code, 0)
  assert.match(ended.stderr, /it ends by itself with exit code 3\n.*no such sample/)
})

test(
  'Ctrl-C ends prove with the table of what it has, and leaves nothing',
  { skip: needs('linux', 'setsid') },
  async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1000 & sleep 0.2; echo x >> log'
    b.write('log', '')
    const args = [
      'prove',
      '--times',
      '1000',
      '--mode',
      'bare',
      '--only',
      'normal',
      '--settle',
      '100ms',
    ]
    const started = b.start([...args, '--json', '--', 'sh', '-c', script])
    await until(() => b.read('log').length >= 8, 'some runs to be over')
    process.kill(started.pid, 'SIGINT')
    const ended = await started.ended
    assert.equal(ended.signal, 'SIGINT', ended.stderr)
    const proof = JSON.parse(ended.stdout) as ProofJson
    assert.equal(proof.isInterrupted, true)
    const [cell] = proof.table
    assert.ok(cell && cell.runs >= 2 && cell.left.processes.runs === cell.runs, ended.stdout)
    await b.nothingIsLeft()
  },
)

test(
  'prove that is killed leaves nothing of its runs',
  { skip: needs('linux', 'setsid') },
  async (t) => {
    const b = bench(t)
    const script = 'setsid sleep 1000 & sleep 1000 & echo x >> log; wait'
    b.write('log', '')
    const started = b.start(['prove', '--mode', 'bare', '--', 'sh', '-c', script])
    await until(() => b.read('log').length >= 2, 'the command to run')
    process.kill(started.pid, 'SIGKILL')
    await started.ended
    await b.nothingIsLeft()
  },
)

test('the leaky examples are in the package', () => {
  for (const name of ['leaky.py', 'pool.mjs'])
    assert.ok(readFileSync(path.join(installed(), 'node_modules/tidypool/examples/leaky', name)))
})
