import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const tasks = new URL('../contract/tasks.mjs', import.meta.url).href

test('executors work in a Node that has no process.getBuiltinModule', () => {
  const program = `import('tidypool').then(async ({ ProcessExecutor, ThreadExecutor }) => {
    for (const Executor of [ThreadExecutor, ProcessExecutor]) {
      const pool = new Executor(new URL(${JSON.stringify(tasks)}), { maxWorkers: 1 })
      console.log(await pool.submit('echo', 'done'))
      await pool.shutdown()
    }
  })`
  const without = ['--import', 'data:text/javascript,delete process.getBuiltinModule']
  const { stdout, stderr } = spawnSync(process.execPath, [...without, '--eval', program], {
    encoding: 'utf8',
  })
  assert.equal(stdout, 'done\ndone\n', stderr)
})
