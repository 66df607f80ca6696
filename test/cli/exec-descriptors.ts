/** `tidypool exec` hands on the descriptors above 2 that it was started with, and no others. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, until, type Bench } from './command.ts'
import { command } from './installed.ts'

const linux = needs('linux')

test(
  'exec hands on descriptors above 2, wherever they are, and no other',
  { skip: linux },
  async (t) => {
    const b = bench(t)
    b.write('text', 'one\ntwo\nthree\n')
    // Read in turns: the place in the file is shared, so it is the descriptor itself. sh has no numbers above 9.
    const script =
      'read -r line <&3; echo "$line"; head -n 1 </proc/self/fd/30; cat <&5; ls /proc/self/fd'
    const given = 'exec 3<text 30<text 5<<END\nhere\nEND\n'
    const shell = `${given}"$@"; read -r line <&3; echo "then $line"`
    const outcome = async (under: readonly string[]): Promise<string> =>
      (await b.run([], { under })).stdout
    const bare = await outcome(['bash', '-c', shell, 'bash', 'sh', '-c', script])
    assert.match(bare, /^one\none\nhere\n0\n1\n2\n(\d+\n)*3\n30\n4\n5\nthen two\n$/)
    const wrapped = ['bash', '-c', shell, 'bash', command(), 'exec', '--', 'sh', '-c', script]
    assert.equal(await outcome(wrapped), bare)
  },
)

test('exec does not hold the descriptors that it has handed on', { skip: linux }, async (t) => {
  const b = bench(t)
  const script = 'exec 3>&-; echo closed; while [ ! -e go ]; do sleep 0.05; done'
  const child = spawn(command(), ['exec', '--', 'sh', '-c', script], {
    cwd: b.folder,
    env: b.env,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  let isAtEnd = false
  child.stdio[3]?.on('data', () => {}).on('end', () => (isAtEnd = true))
  await until(() => isAtEnd, 'the end of a pipe that the command has closed')
  b.write('go', '')
  await new Promise((resolve) => child.once('exit', resolve))
  assert.equal(child.exitCode, 0)
})

test('exec keeps the descriptor that its report goes to for itself', { skip: linux }, async (t) => {
  const b = bench(t)
  const words = ['exec', '--report', '/dev/fd/3', '--', 'sh', '-c', '[ ! -e /proc/self/fd/3 ]']
  const ended = await b.run(words, { under: ['sh', '-c', 'exec "$@" 3>report', 'sh'] })
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal((JSON.parse(b.read('report')) as { exitCode: unknown }).exitCode, 0)
})

test('exec makes nothing of a job server that make did not hand on', { skip: linux }, async (t) => {
  const b = bench(t)
  // These are numbers that Node opens for itself, on one version or another.
  for (const pair of ['3,4', '6,7', '8,9', '13,14']) {
    const MAKEFLAGS = ` -j2 --jobserver-auth=${pair}`
    const ended = await b.run(['exec', '--', 'sh', '-c', 'exit 5'], { env: { MAKEFLAGS } })
    assert.deepEqual([ended.code, ended.stderr], [5, ''])
  }
})

test(
  'exec says so when it is given all the descriptors that it needs one of',
  { skip: linux },
  async (t) => {
    const b = bench(t)
    const all = 'exec "$@" 3<. 4<. 5<. 6<. 7<. 8<. 9<.'
    const refused = await b.run(['exec', '--', 'true'], { under: ['sh', '-c', all, 'sh'] })
    assert.equal(refused.code, 125)
    assert.match(refused.stderr, /^tidypool: descriptors 3 to 9 are all in use.*\n$/)
    const most = 'exec "$@" 3<. 4<. 5<. 7<. 8<. 9<.'
    const ended = await b.run(['exec', '--', 'sh', '-c', 'ls -d /proc/self/fd/9'], {
      under: ['sh', '-c', most, 'sh'],
    })
    assert.deepEqual([ended.code, ended.stdout], [0, '/proc/self/fd/9\n'], ended.stderr)
  },
)

for (const style of makeStyles()) {
  test(
    `exec leaves a recursive make its job server (${style || 'the only style'})`,
    { skip: needs('linux', 'make') },
    async (t) => {
      const b = bench(t)
      for (const options of ['', '--isolate ']) {
        if (options !== '' && (style === 'fifo' || needs('pid namespace', 'unshare') !== false))
          continue
        const made = makeIn(b, style, options)
        assert.equal(made.status, 0, made.stdout + made.stderr)
        // make warns when it cannot reach the job server, and then does one thing after the other.
        assert.doesNotMatch(made.stderr, /jobserver/)
      }
    },
  )
}

/** Two targets of a sub-make, each of which waits for the other to begin. */
function makeIn(b: Bench, style: string, options: string): ReturnType<typeof spawnSync> & Output {
  mkdirSync(b.file('sub'), { recursive: true })
  b.write(
    'Makefile',
    `all:\n\t+@rm -f sub/*.begun; ${command()} exec -q ${options}-- $(MAKE) -C sub\n`,
  )
  const target = (name: string, other: string): string =>
    `${name}:\n\t@touch $@.begun; n=0; until [ -e ${other}.begun ]; do ` +
    `sleep 0.05; n=$$((n+1)); [ $$n -lt 200 ] || exit 1; done\n`
  b.write('sub/Makefile', `all: a b\n${target('a', 'b')}${target('b', 'a')}.PHONY: all a b\n`)
  chmodSync(b.file('sub'), 0o755)
  const styled = style === '' ? [] : [`--jobserver-style=${style}`]
  return spawnSync('make', ['-j2', ...styled], { cwd: b.folder, env: b.env, encoding: 'utf8' })
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** Since 4.4 make can have its job server in a named pipe, which needs no descriptor. */
function makeStyles(): readonly string[] {
  const { stdout } = spawnSync('make', ['--help'], { encoding: 'utf8' })
  return stdout?.includes('--jobserver-style') ? ['pipe', 'fifo'] : ['']
}
