import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { workshop, type RunnerEnd, type Workshop } from './runners.ts'

const skip = needs('linux')
const vitest = '../node_modules/vitest/vitest.mjs'
const jest = [
  '--experimental-vm-modules',
  '../node_modules/jest/bin/jest.js',
  '--cacheDirectory=.jest-cache',
  '--testMatch',
]

/** What `everyKind` finds, in the order of kinds. */
const everyKind = [
  'process N (sleep N)',
  'thread N',
  'TCP socket listening on N.N.N.N:N (descriptor N)',
  'descriptor N of /dev/full',
  'descriptor N of FOLDER',
  'timer (setInterval, every N ms)',
  'listener for SIGUSR2 on process (reload)',
  'temporary directory FOLDER (N entries)',
]

function assertClean({ status, output }: RunnerEnd): void {
  assert.equal(status, 0, output)
}

/** Both leftovers, and nothing else: the runner's own things are not told. */
function assertLeaky({ status, output }: RunnerEnd): void {
  assert.equal(status, 1, output)
  assert.match(output, /2 things are still there 2000 ms after the end/, output)
  assert.match(output, /TCP socket listening on 127\.0\.0\.1:\d+ .*ticker\.mjs:\d+:\d+/, output)
  assert.match(output, /timer \(setInterval, every 1000 ms\), .*ticker\.mjs:\d+:\d+/, output)
}

/** Two files, so that a runner that can run them at the same time does. */
function kinds(shop: Workshop, runner: string, from: string): string[] {
  return [
    write(
      shop,
      `${runner}/kinds.test.mjs`,
      `import assert from 'node:assert/strict'
      import { test } from '${from}'
      import { everyKind } from './every-kind.mjs'
      test('every kind', async () => {
        assert.deepEqual(await everyKind(), ${JSON.stringify(everyKind)})
      })`,
    ),
    write(
      shop,
      `${runner}/neighbour.test.mjs`,
      `import { test } from '${from}'
      import { expectNoLeaks } from 'tidypool/testing'
      import { beBusy } from './neighbour.mjs'
      test('beside it', async () => {
        await expectNoLeaks(() => beBusy(1000))
      })`,
    ),
  ]
}

/** Time stands still while the watch settles. */
function fakeTimers(shop: Workshop, runner: string, from: string, fake: string): string {
  return write(
    shop,
    `${runner}/fake.test.mjs`,
    `import assert from 'node:assert/strict'
    import { mkdtempSync } from 'node:fs'
    import os from 'node:os'
    import path from 'node:path'
    import { ${fake}, test } from '${from}'
    import { expectNoLeaks } from 'tidypool/testing'
    test('with fake timers', async () => {
      const leaky = expectNoLeaks(() => {
        ${fake}.useFakeTimers()
        mkdtempSync(path.join(os.tmpdir(), 'x-'))
      }, { settleMs: 200 })
      await assert.rejects(leaky, { code: 'ERR_LEAK' })
      ${fake}.useRealTimers()
    })`,
  )
}

function write(shop: Workshop, file: string, text: string): string {
  writeFileSync(path.join(shop.folder, file), text)
  return file
}

test('under node:test each kind is found, and nothing of the runner', { skip }, async () => {
  using shop = workshop('node-test')
  const clean = ['node-test/clean.test.mjs', 'node-test/whole-file.test.mjs']
  assertClean(await shop.run(['--test', ...clean]))
  assertLeaky(await shop.run(['--test', '--test-force-exit', 'node-test/leaky.test.mjs']))
  assertClean(await shop.run(['--test', ...kinds(shop, 'node-test', 'node:test')]))
})

for (const pool of ['forks', 'threads', 'vmForks', 'vmThreads']) {
  const title = `under vitest each kind is found, and nothing of the runner: pool ${pool}`
  test(title, { skip }, async () => {
    using shop = workshop('vitest')
    const args = [vitest, 'run', '--pool', pool]
    assertClean(await shop.run([...args, 'clean', 'whole-file']))
    assertLeaky(await shop.run([...args, 'leaky']))
    const fake = fakeTimers(shop, 'vitest', 'vitest', 'vi')
    assertClean(await shop.run([...args, ...kinds(shop, 'vitest', 'vitest'), fake]))
  })
}

for (const how of ['--runInBand', '--maxWorkers=2']) {
  const title = `under Jest each kind is found, and nothing of the runner: ${how}`
  test(title, { skip }, async () => {
    using shop = workshop('jest')
    const matching = (...files: readonly string[]): string[] => [
      ...jest,
      ...files.map((file) => `**/${file}`),
      how,
    ]
    const clean = ['jest/clean.test.mjs', 'jest/whole-file.test.mjs']
    assertClean(await shop.run(matching(...clean)))
    const leaky = matching('jest/leaky.test.mjs', 'jest/whole-file.test.mjs')
    assertLeaky(await shop.run([...leaky, '--forceExit']))
    const fake = fakeTimers(shop, 'jest', '@jest/globals', 'jest')
    assertClean(await shop.run(matching(...kinds(shop, 'jest', '@jest/globals'), fake)))
  })
}
