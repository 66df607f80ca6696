import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { ProcessExecutor } from 'tidypool'

function closeStderr(fd: number): void {
  fs.closeSync(fd)
}

function same<T>(value: T): T {
  return value
}

const code = [
  'import fs from "node:fs"',
  ...[closeStderr, same].map((task) => `export ${String(task)}`),
]
const module = `data:text/javascript,${encodeURIComponent(code.join('\n'))}`

test('a worker whose standard error was closed holds nothing more with each task', async (t) => {
  const warnings: string[] = []
  const note = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  await using pool = new ProcessExecutor<{ closeStderr: typeof closeStderr; same: typeof same }>(
    module,
    { maxWorkers: 1 },
  )
  await pool.submit('closeStderr', 2)
  const [worker] = pool.workers()
  // One after another, so that the worker is idle in between and each of them lets it hold the program and go.
  for (let n = 0; n < 30; n += 1) assert.equal(await pool.submit('same', n), n)
  await new Promise((resolve) => setImmediate(resolve)) // warnings are told in the next turn
  assert.deepEqual(warnings, [])
  assert.equal(pool.workers()[0]?.pid, worker?.pid)
})
