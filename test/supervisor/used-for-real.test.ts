/** `exec` around what people run: a test suite, npm, make with its job server, an editor. Nothing changes for any of them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bench, until, type Bench } from '../cli/command.ts'
import { terminal } from '../cli/tmux.ts'
import { needs } from '../helpers/needs.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
/** Quiet, since what other tests make at this time would be named; a leak of its own is an exit code. */
const exec = [process.execPath, main, 'exec', '-q', '--fail-on-leak', '--']

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(b: Bench, words: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
  const [program = '', ...args] = words
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: b.folder,
    env: { ...b.env, ...env },
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stdout, stderr }
}

test('exec runs a test file of this project as it runs by itself', async (t) => {
  const b = bench(t)
  const file = fileURLToPath(new URL('../batch/duration.test.ts', import.meta.url))
  const loader = fileURLToPath(new URL('../../scripts/with-tsx.mjs', import.meta.url))
  const words = [process.execPath, '--import', loader, '--test', '--test-reporter=tap', file]
  const untimed = ({ status, stdout, stderr }: Ended) => ({
    status,
    stdout: stdout.replaceAll(/duration_ms:? .*/g, ''),
    stderr,
  })
  const direct = untimed(run(b, words))
  assert.match(direct.stdout, /^# pass [1-9]/m)
  assert.deepEqual(untimed(run(b, [...exec, ...words])), direct)
  await b.nothingIsLeft()
})

test('exec runs npm install, and npm runs its scripts', async (t) => {
  const b = bench(t)
  mkdirSync(b.file('small'))
  b.write('small/package.json', '{"name":"small","version":"1.0.0","bin":"./small.js"}')
  b.write('small/small.js', '#!/usr/bin/env node\nconsole.log("small runs")\n')
  const script = '"postinstall":"node -e \\"require(\'fs\').writeFileSync(\'ran\',\'\')\\""'
  b.write(
    'package.json',
    `{"name":"user","version":"1.0.0","dependencies":{"small":"file:small"},"scripts":{"say":"small",${script}}}`,
  )
  const offline = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier']
  const cache = { npm_config_cache: b.file('cache'), npm_config_loglevel: 'error' }
  const ended = run(b, [...exec, 'npm', 'install', ...offline], cache)
  assert.deepEqual([ended.status, ended.stderr], [0, ''], ended.stderr)
  assert.ok(existsSync(b.file('node_modules/small/small.js')))
  assert.ok(existsSync(b.file('ran')), 'its script has run')
  const said = run(b, [...exec, 'npm', 'run', '--silent', 'say'], cache)
  assert.deepEqual([said.status, said.stdout, said.stderr], [0, 'small runs\n', ''])
  await b.nothingIsLeft()
})

const makefile = `all: one two
one two:
\t@touch begun-$@; i=0; while [ ! -e begun-one ] || [ ! -e begun-two ]; do \\
\t  i=$$((i+1)); [ $$i -lt 600 ] || exit 1; sleep 0.05; done; echo $@ >$@
outer:
\t+@WRAPPER $(MAKE) --no-print-directory all
`

for (const [what, target] of [
  ['make -j2', 'all'],
  ['a sub-make, which shares the jobs of the make around it', 'outer'],
] as const) {
  test(`exec runs ${what}`, { skip: needs('make') }, async (t) => {
    const b = bench(t)
    const wrapper = exec.map((word) => `'${word}'`).join(' ')
    b.write('Makefile', makefile.replace('WRAPPER', wrapper))
    const words = ['make', '-j2', target]
    // Each target waits for the other to have begun: with one job at a time it would be for nothing.
    const ended = run(b, target === 'all' ? [...exec, ...words] : words)
    assert.deepEqual([ended.status, ended.stderr], [0, ''], ended.stdout)
    assert.equal(b.read('one') + b.read('two'), 'one\ntwo\n')
    await b.nothingIsLeft()
  })
}

test('exec runs an editor in a terminal', { skip: needs('tmux', 'vi') }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  term.type('stty -a > before')
  term.type(`${exec.join(' ')} vi -u NONE -n text`)
  await term.shows(/^~ *$/m)
  term.press('i')
  term.type('first line')
  term.press('Escape')
  // Out of it and back, as one does.
  term.press('C-z')
  await term.shows(/Stopped/)
  term.type('fg')
  await term.shows(/^first line *$/m)
  term.press('C-c')
  term.press('Escape')
  term.type(':wq')
  await until(
    () => existsSync(b.file('text')),
    () => `the file\n${term.screen()}`,
  )
  await term.shows(/ready>$/)
  term.type('echo "status $?"; stty -a > after')
  await term.shows(/^status 0$/m)
  await until(() => existsSync(b.file('after')) && b.read('after') !== '', 'the modes')
  assert.equal(b.read('text').split('\n')[0], 'first line')
  assert.equal(b.read('after'), b.read('before'))
  assert.ok(term.cursorIsVisible())
  term.close()
  await b.nothingIsLeft()
})
