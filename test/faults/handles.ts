import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { handlesOf, until, type Program, type Stage, type StartOptions } from './observe.ts'

/**
 * H: runs a program that says `before` and `after` (`programs/own-handles.mjs`) and compares what it holds then: as it
 * counts itself, and as seen from outside. The program then comes to its end.
 *
 * @returns the program, which has ended with status 0.
 */
export async function runBetweenLooks(
  stage: Stage,
  program: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Program> {
  const env = { STAGE_FOLDER: stage.folder }
  const started = await stage.start(program, args, { ...options, env, ready: false })
  const before = await started.line('before')
  const seenBefore = handlesOf(started.pid)
  writeFileSync(path.join(stage.folder, 'looked-before'), '')
  const after = await started.line('after', 60_000)
  assert.deepEqual(after, before, 'H: handles, timers and listeners')
  await until(
    () => JSON.stringify(handlesOf(started.pid)) === JSON.stringify(seenBefore),
    `H: descriptors, threads and children to be as before`,
    2000,
  ).catch((error: unknown) => {
    assert.deepEqual(handlesOf(started.pid), seenBefore, String(error))
  })
  writeFileSync(path.join(stage.folder, 'looked-after'), '')
  const end = await started.ended
  await started.drained()
  assert.deepEqual([end.exitCode, end.signal, started.stderr], [0, null, ''], started.told)
  return started
}
