/** `tidypool exec --isolate` as users type it: what is refused, what is said, and how it is in a terminal. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, type Bench } from './command.ts'
import { command } from './installed.ts'
import { terminal } from './tmux.ts'

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['--bind', '/var'], /--bind is "\/var"; allowed is given with --isolate/],
  [['--isolate', '--bind', '/no/such/place'], /there is no \/no\/such\/place/],
  [['--isolate', '--bind', '/etc:/no/such/place'], /there is no folder \/no\/such\/place/],
  [['--isolate', '--bind', '/etc:/etc/passwd'], /there is no folder \/etc\/passwd/],
  [['--isolate', '--bind', '/a:/b:/c'], /allowed is PATH or PATH:PATH/],
  [['--isolate', '--bind', ''], /allowed is PATH or PATH:PATH/],
  [['--isolate', '--allow', 'x'], /--allow.*given without --isolate/],
  [['--isolate', '--no-clean'], /--no-clean.*given without --isolate/],
]
for (const [args, says] of refused) {
  test(`exec ${args.join(' ')} is refused in one line with exit code 2`, async (t) => {
    const ended = await bench(t).run(['exec', ...args, '--', 'true'])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, says)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
  })
}

const isolates = needs('linux', 'pid namespace', 'unshare', 'setsid')

test(
  'exec --isolate keeps a working directory below /tmp, and says so unless it is quiet',
  { skip: isolates },
  async (t) => {
    const b = bench(t)
    const args = ['--isolate', '--', 'sh', '-c', 'pwd; echo text >file']
    const ended = await b.run(['exec', ...args])
    assert.deepEqual([ended.code, ended.stdout], [0, `${b.folder}\n`])
    const isPrivate = b.folder.startsWith('/tmp/')
    assert.equal(/^tidypool: the working directory .* is not private/.test(ended.stderr), isPrivate)
    assert.equal(b.read('file'), 'text\n')
    assert.equal((await b.run(['exec', '-q', ...args])).stderr, '')
  },
)

test(
  'exec --isolate says which file of /tmp the command would need',
  { skip: isolates },
  async (t) => {
    const b = bench(t)
    const tool = path.join(b.folder, 'tool')
    b.write('tool', '#!/bin/sh\necho ran\n')
    chmodSync(tool, 0o755)
    const under = ['sh', '-c', 'cd / && exec "$@"', 'sh']
    const hidden = await b.run(['exec', '--isolate', '--', tool], { under })
    if (!tool.startsWith('/tmp/')) return
    assert.equal(hidden.code, 127)
    assert.match(hidden.stderr, new RegExp(`${tool} is not seen under --isolate.*--bind ${tool}`))
    const bound = await b.run(['exec', '--isolate', '--bind', tool, '--', tool], { under })
    assert.deepEqual([bound.code, bound.stdout], [0, 'ran\n'], bound.stderr)
  },
)

test('exec --isolate --fail-on-leak knows what was left', { skip: isolates }, async (t) => {
  const b = bench(t)
  const script = 'setsid env -i sleep 1000 & sleep 0.1'
  const ended = await b.run(['exec', '--isolate', '--fail-on-leak', '--', 'sh', '-c', script])
  assert.equal(ended.code, 3, ended.stderr)
  assert.match(ended.stderr, /sleep 1000: ended when it was asked to/)
})

for (const tool of ['unshare', 'bwrap'] as const) {
  test(
    `exec --isolate in a terminal: the command has it, Ctrl-C, Ctrl-\\, Ctrl-Z and fg work (${tool})`,
    { skip: needs('tmux') || isolates || needs(tool) },
    async (t) => {
      const b = bench(t)
      const term = await terminal(b)
      const words = `${command()} exec -q --isolate --report r.json -- bash -c "$1"`
      // A short line on the screen, since where a long one is broken is chance.
      chmodSync(b.file(b.write('x', `#!/bin/sh\n${preferring(b, tool)}exec ${words}\n`)), 0o755)
      const run = (script: string): void => term.type(`./x '${script}'`)
      term.type('stty -a >before')
      run('test -t 0 && echo text > /dev/tty; read -r line < /dev/tty; echo "got $line"')
      await term.shows(/^text$/m)
      term.type('a line')
      await term.shows(/^got a line$/m)

      run(
        'trap "echo interrupted; sleep 0.3; exit 5" INT; echo waiting; while :; do sleep 0.05; done',
      )
      await term.shows(/^waiting$/m)
      term.press('C-c')
      await term.shows(/interrupted$/m)
      term.type('echo "status $?"')
      await term.shows(/^status 5$/m)

      run(
        'trap "echo quitting; sleep 0.3; exit 6" QUIT; echo holding; while :; do sleep 0.05; done',
      )
      await term.shows(/^holding$/m)
      term.press('C-\\')
      await term.shows(/quitting$/m)
      term.type('echo "status $?"')
      await term.shows(/^status 6$/m)

      run('echo unhandled; sleep 1000')
      await term.shows(/^unhandled$/m)
      term.press('C-c')
      term.type('echo "status $?"')
      await term.shows(/^status 130$/m)

      run('echo begun; while [ ! -e go ]; do sleep 0.05; done; echo went on')
      await term.shows(/^begun$/m)
      term.press('C-z')
      await term.shows(/Stopped/)
      b.write('go', '')
      term.type('fg')
      await term.shows(/^went on$/m)

      term.type('stty -a >after; echo compared $(cmp before after && echo alike)')
      await term.shows(/^compared alike$/m)
      assert.match(b.read('r.json'), new RegExp(`"namespaces \\(${tool}\\)"`))
      term.close()
    },
  )
}

/** A line that puts a failing `unshare` in front, where bwrap is wanted. */
function preferring(b: Bench, tool: 'unshare' | 'bwrap'): string {
  if (tool === 'unshare') return ''
  mkdirSync(b.file('bin'), { recursive: true })
  chmodSync(b.file(b.write('bin/unshare', '#!/bin/sh\nexit 1\n')), 0o755)
  return `PATH=${b.file('bin')}:$PATH; `
}
