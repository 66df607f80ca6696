import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from '../helpers/run-program.ts'

const program = new URL('programs/captured-as-they-end.mjs', import.meta.url)

for (const [how, fulfilled] of [
  ['returns', 100],
  ['exits', 0],
] as const) {
  test(`a stack that is taken as its thread ends crashes nothing (the task ${how})`, async () => {
    const { status, signal, stdout, stderr } = await runProgram(program, { args: ['100', how] })
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr)
    assert.deepEqual(JSON.parse(stdout), { fulfilled })
  })
}
