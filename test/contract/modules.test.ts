import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { OptionError, TaskModuleError } from 'tidypool'
import { runProgram } from '../helpers/run-program.ts'
import { collect, contract, kinds } from './executors.ts'

const folder = new URL('./modules/', import.meta.url)
const here = fileURLToPath(folder)

interface OneTask {
  task(): unknown
}

contract('a module is a URL, the text of one, or an absolute path', {}, async ({ pool }) => {
  const executor = pool()
  const module = new URL('name%20with%20space%20&%20%2541.mjs', folder)
  for (const given of [module, module.href, fileURLToPath(module)])
    assert.equal(await executor.module<OneTask>(given).submit('task'), 'found')
})

contract('a module can be CommonJS', {}, async ({ pool }) => {
  const common = pool().module<{ self(): string; first(): number; second(): number }>(
    new URL('common.cjs', folder),
  )
  assert.equal(await common.submit('self'), 'common')
  // Node's analysis of exports cannot see these names.
  assert.equal(await common.submit('second'), 1)
})

contract('a module that does not exist is a typed error that says so', {}, async ({ pool }) => {
  const executor = pool()
  for (const name of ['nowhere.mjs', 'no%20where%20&.mjs']) {
    const module = new URL(name, folder)
    await assert.rejects(executor.module<OneTask>(module).submit('task'), (error) => {
      assert.ok(error instanceof TaskModuleError)
      assert.equal(error.module, module.href)
      assert.equal(error.exportName, 'task')
      assert.match(error.message, /no such file/)
      return true
    })
  }
})

contract(
  'a module that throws while it is loaded is a typed error with the cause, each time',
  {},
  async ({ pool }) => {
    const broken = pool({ maxWorkers: 1 }).module<OneTask>(
      new URL('throws-while-loading.mjs', folder),
    )
    for (let n = 0; n < 2; n += 1) {
      await assert.rejects(broken.submit('task'), (error) => {
        assert.ok(error instanceof TaskModuleError)
        assert.match(error.message, /the table of this module is missing/)
        assert.ok(error.cause instanceof RangeError)
        return true
      })
    }
  },
)

contract('a module that imports a missing one says which', {}, async ({ pool }) => {
  await assert.rejects(
    pool().module<OneTask>(new URL('imports-missing.mjs', folder)).submit('task'),
    (error) => {
      assert.ok(error instanceof TaskModuleError)
      assert.match(error.message, /not-here\.mjs/)
      assert.doesNotMatch(error.message, /no such file/)
      return true
    },
  )
})

contract('a module that cannot be loaded is not tried again by retries', {}, async ({ pool }) => {
  const executor = pool()
  const failing = executor.with({ retries: 3 }).module<OneTask>(new URL('nowhere.mjs', folder))
  const [record] = await collect(failing.mapSettled('task', [undefined as never]))
  assert.equal(record?.attempts, 1)
  assert.equal(record.status, 'rejected')
})

contract('TypeScript modules run', {}, async ({ pool }) => {
  const executor = pool()
  for (const name of ['compiled.ts', 'compiled.js']) {
    // The second does not exist: it is the name that the first will have when it is compiled.
    const points = executor.module<typeof import('./modules/compiled.ts')>(new URL(name, folder))
    assert.equal(await points.submit('lengthOf', { x: 3, y: 4 }), 5)
  }
})

for (const { kind, create } of kinds) {
  test(`${kind}: what is no absolute address of a module is refused where it is given`, async () => {
    for (const module of [
      './tasks.mjs',
      'tasks.mjs',
      '',
      'https://example.org/x.js',
      new URL('node:fs'),
      7,
      null,
      undefined,
    ]) {
      assert.throws(
        () => create(module as URL),
        (error) => {
          assert.ok(error instanceof OptionError)
          assert.equal(error.option, 'module')
          assert.match(error.allowed, /new URL\('\.\/tasks\.js', import\.meta\.url\)/)
          return true
        },
      )
    }
    await using executor = create(new URL('common.cjs', folder))
    assert.throws(() => executor.module('./tasks.mjs'), { code: 'ERR_OPTION', option: 'module' })
  })
}

const strips = 'typescript' in process.features && process.features.typescript !== false

test(
  'without tsx, Node 20 says what a TypeScript module needs',
  { skip: strips && 'this Node runs TypeScript by itself' },
  async (t) => {
    // A copy of the package where nobody finds tsx: neither the module nor tidypool itself.
    const root = mkdtempSync(path.join(os.tmpdir(), 'tm-'))
    t.after(() => rmSync(root, { recursive: true, force: true }))
    const repository = fileURLToPath(new URL('../../', import.meta.url))
    const copy = path.join(root, 'node_modules/tidypool')
    cpSync(path.join(repository, 'dist'), path.join(copy, 'dist'), { recursive: true })
    cpSync(path.join(repository, 'package.json'), path.join(copy, 'package.json'))
    for (const name of ['p-retry', 'is-network-error', 'valibot'])
      symlinkSync(
        path.join(repository, 'node_modules', name),
        path.join(root, 'node_modules', name),
      )
    cpSync(path.join(here, 'compiled.ts'), path.join(root, 'compiled.ts'))
    writeFileSync(
      path.join(root, 'program.mjs'),
      `import { InlineExecutor, ProcessExecutor, ThreadExecutor } from 'tidypool'
      for (const Kind of [InlineExecutor, ThreadExecutor, ProcessExecutor]) {
        const pool = new Kind(${JSON.stringify(pathToFileURL(path.join(root, 'compiled.ts')).href)})
        const error = await pool.submit('lengthOf', { x: 3, y: 4 }).catch((error) => error)
        console.log(error.code, /npm install tsx/.test(error.message), /Node 22\\.18/.test(error.message))
        await pool.shutdown()
      }`,
    )
    const { stdout, status, stderr } = await runProgram(path.join(root, 'program.mjs'))
    assert.deepEqual(
      { stdout, status, stderr },
      { stdout: 'ERR_TASK_MODULE true true\n'.repeat(3), status: 0, stderr: '' },
    )
  },
)
