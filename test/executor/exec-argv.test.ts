import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workerExecArgv } from '../../src/executor/exec-argv.ts'

/** What node was given, and what its workers are. */
const rows: readonly (readonly [given: string, inherited: string])[] = [
  ['', ''],
  [
    '--max-old-space-size=100 --enable-source-maps',
    '--max-old-space-size=100 --enable-source-maps',
  ],
  ['--import tsx --conditions development', '--import tsx --conditions development'],
  ['-r ./hook.cjs --require=./other.cjs', '-r ./hook.cjs --require=./other.cjs'],
  ['--inspect', ''],
  ['--inspect-brk=127.0.0.1:9229 --trace-warnings', '--trace-warnings'],
  ['--inspect-port 9230 --trace-warnings', '--trace-warnings'],
  ['--cpu-prof --cpu-prof-dir profiles --no-warnings', '--no-warnings'],
  ['--cpu-prof-dir=profiles --heap-prof', ''],
  ['--watch --watch-path src --no-warnings', '--no-warnings'],
  ['--test --test-name-pattern name --test-reporter=tap --no-warnings', '--no-warnings'],
  ['-e code', ''],
  ['-p code --no-warnings', '--no-warnings'],
  ['--eval code --input-type=module --no-warnings', '--no-warnings'],
  ['--eval=code --print=code --no-warnings', '--no-warnings'],
  ['--test-isolation none --test-coverage-include src --no-warnings', '--no-warnings'],
  ['--env-file .env --no-warnings', '--no-warnings'],
]

for (const [given, inherited] of rows) {
  test(`workers of \`node ${given}\` are started with \`${inherited}\``, () => {
    const words = (text: string): string[] => text.split(' ').filter(Boolean)
    assert.deepEqual(workerExecArgv(words(given)), words(inherited))
  })
}
