import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { bench } from './command.ts'
import { command, installed } from './installed.ts'

/** Writes down every module that is loaded. */
const spy = (file: string): string => {
  const hooks = `
    import { appendFileSync } from 'node:fs'
    export async function resolve(name, context, next) {
      const found = await next(name, context)
      appendFileSync(${JSON.stringify(file)}, found.url + '\\n')
      return found
    }`
  const url = `data:text/javascript,${encodeURIComponent(hooks)}`
  return `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module'; register(${JSON.stringify(url)})`)}`
}

const onlyForRuns =
  /node_modules\/(log-update|tinyglobby|pure-rand|parse-duration)\/|\/dist\/batch\//

test('library: importing it loads nothing that only the command needs', (t) => {
  const { file, read } = bench(t)
  const args = [
    '--import',
    spy(file('loaded')),
    '--input-type=module',
    '-e',
    "await import('tidypool')",
  ]
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: installed(),
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const loaded = read('loaded')
  assert.match(loaded, /\/dist\/index\.js/)
  assert.doesNotMatch(loaded, onlyForRuns)
  assert.doesNotMatch(loaded, /commander|\/dist\/cli\//)
})

test('library: --help and --version load nothing that a run needs', (t) => {
  const { file, read } = bench(t)
  for (const args of [['--version'], ['--help'], ['run', '--help']]) {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', spy(file('loaded')), command(), ...args],
      { encoding: 'utf8' },
    )
    assert.equal(status, 0, stderr)
  }
  const loaded = read('loaded')
  assert.match(loaded, /commander/)
  assert.doesNotMatch(loaded, onlyForRuns)
  assert.doesNotMatch(loaded, /\/dist\/(executor|worker|lifetime)\//)
})
