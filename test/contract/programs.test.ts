/** What only a whole program shows: when it ends by itself, with which status, and what it prints last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { runProgram } from '../helpers/run-program.ts'
import { kinds } from './executors.ts'

const program = (name: string): URL => new URL(`programs/${name}.mjs`, import.meta.url)

for (const { kind, preempts } of kinds) {
  const run = (name: string, ...args: readonly string[]) =>
    runProgram(program(name), { args: [kind, ...args] })

  test(`${kind}: without shutdown the program ends by itself, with its work done`, async (t) => {
    const leftovers = watchLeftovers(t)
    const { status, stdout, stderr } = await run('no-shutdown')
    assert.deepEqual(
      { status, stderr, lines: stdout.split('\n').toSorted() },
      { status: 0, stderr: '', lines: ['', 'done 0', 'done 1', 'done 2', 'done 3', 'done 4'] },
    )
    await leftovers.none()
  })

  test(`${kind}: the line after the shutdown of an idle executor runs`, async () => {
    const { status, stdout, stderr } = await run('idle-shutdown-last')
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: 'after shutdown\n', stderr: '' },
    )
  })

  test(`${kind}: an executor that is never used does not keep the program alive`, async (t) => {
    const leftovers = watchLeftovers(t)
    const { status, stdout, stderr } = await run('never-used')
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: 'end of the script\n', stderr: '' },
    )
    await leftovers.none()
  })

  test(`${kind}: a time-out is heard though nothing else keeps the program alive`, async () => {
    const { status, stdout, stderr } = await run('timed-out')
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: 'ERR_TASK_TIMEOUT\n', stderr: '' },
    )
  })

  for (const cause of [
    'cancel',
    'cancel-running',
    'signal',
    'shutdown',
    'map',
    'map-failure',
    'awaited',
  ]) {
    test(`${kind}: a rejection that the caller caused (${cause}) is never unhandled`, async () => {
      const { status, stdout, stderr } = await run('unhandled', cause)
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'end\n', stderr: '' })
    })
  }

  test(`${kind}: the failure of a task that nobody awaits is unhandled`, async () => {
    const { status, stdout } = await run('unhandled', 'failure')
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'unhandled: attempt 1 fails\nend\n' })
  })

  test(`${kind}: shutdown with wait: false finishes tasks while the process lives`, async () => {
    const { status, stdout, stderr } = await run('shutdown-without-waiting', 'short')
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: 'finished\nend of the script\n', stderr: '' },
    )
  })

  for (const taskOutput of ['inherit', 'stderr', 'ignore']) {
    if (kind === 'inline') continue // its tasks print as the program does
    test(`${kind}: what a task prints goes where taskOutput says (${taskOutput})`, async () => {
      const { status, stdout, stderr } = await run('output', taskOutput)
      const text = 'printed by the task\n'
      assert.deepEqual(
        { status, stdout, stderr },
        {
          status: 0,
          stdout: taskOutput === 'inherit' ? text : '',
          stderr: taskOutput === 'stderr' ? text : '',
        },
      )
    })
  }

  if (!preempts) continue

  test(`${kind}: shutdown with wait: false does not keep the program alive for a task`, async (t) => {
    const leftovers = watchLeftovers(t)
    const { status, stdout, stderr, tookMs } = await run('shutdown-without-waiting', 'long')
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: 'end of the script\n', stderr: '' },
    )
    assert.ok(tookMs < 30_000)
    await leftovers.none()
  })

  test(`${kind}: process.exit with a task in a loop ends with its status and leaves nothing`, async (t) => {
    const leftovers = watchLeftovers(t)
    const { status, stdout, stderr } = await run('busy-at-end')
    assert.deepEqual({ status, stdout, stderr }, { status: 7, stdout: 'exits\n', stderr: '' })
    await leftovers.none()
  })
}
