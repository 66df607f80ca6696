import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { threadExecArgv, workerExecArgv } from '../../src/executor/exec-argv.ts'

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

const words = (text: string): string[] => text.split(' ').filter(Boolean)

for (const [given, inherited] of rows) {
  test(`workers of \`node ${given}\` are started with \`${inherited}\``, () => {
    assert.deepEqual(workerExecArgv(words(given)), words(inherited))
  })
}

test('threads have the options of the program', () => {
  assert.equal(threadExecArgv(words('--max-old-space-size=100 --import tsx -p code')), undefined)
})

test('with --input-type threads have what bears on loading modules', () => {
  const given =
    '--input-type=module --import tsx -C dev --max-old-space-size=100 --no-warnings -e code'
  assert.deepEqual(threadExecArgv(words(given)), words('--import tsx -C dev --no-warnings'))
})

for (const executor of ['ThreadExecutor', 'ProcessExecutor']) {
  test(`${executor} works in code on the command line`, () => {
    const code = `
      import { ${executor} } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
      const pool = new ${executor}('data:text/javascript,export const double = (n) => 2 * n', { maxWorkers: 1 })
      console.log(await pool.submit('double', 21))
      await pool.shutdown()`
    const options = ['--input-type=module', '--max-old-space-size=200', '--eval', code]
    assert.equal(execFileSync(process.execPath, options, { encoding: 'utf8' }), '42\n')
  })
}
