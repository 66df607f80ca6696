import assert from 'node:assert/strict'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { test, type TestContext } from 'node:test'

import { CommandOutput } from '../../src/batch/command-output.ts'
import { CommandPipes } from '../../src/batch/command-pipes.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from './temp-folder.ts'

function opened(t: TestContext) {
  const output = new CommandOutput()
  const pipes = new CommandPipes(tempFolder(t), 'slot').open(output, new CommandOutput())
  return { output, pipes }
}

test('output is complete however long we were busy when the command had ended', async (t) => {
  const { output, pipes } = opened(t)
  const written = writeSync(pipes.descriptors[0], Buffer.alloc(60_000))
  pipes.closeOurs()
  const drained = pipes.drain()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  assert.equal(await drained, true)
  assert.equal(output.bytes, written)
})

test(
  'what is in a pipe that a stranger holds open is read, and it is said that this was not its end',
  { skip: needs('linux') },
  async (t) => {
    const { output, pipes } = opened(t)
    const stranger = openSync(`/proc/self/fd/${pipes.descriptors[0]}`, constants.O_WRONLY)
    t.after(() => closeSync(stranger))
    pipes.closeOurs()
    const written = writeSync(stranger, Buffer.alloc(60_000))
    const drained = pipes.drain()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    assert.equal(await drained, false)
    assert.equal(output.bytes, written)
  },
)
