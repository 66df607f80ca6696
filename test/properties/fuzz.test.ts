/** A short run of `npm run fuzz`: seeds that are always the same, and one that is not. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runProgram } from '../helpers/run-program.ts'

const program = new URL('../soak/fuzz.mjs', import.meta.url)

async function fuzz(kind: string, tasks: number, seed: number): Promise<void> {
  const args = ['--kind', kind, '--tasks', `${tasks}`, '--minutes', '1', '--seed', `${seed}`]
  const { status, signal, stdout, stderr } = await runProgram(program, { args, limitMs: 240_000 })
  assert.equal(`${signal ?? status}`, '0', `${stdout}\n${stderr}`)
  assert.match(stdout, /verdict: all of it held/)
}

for (const kind of ['thread', 'process', 'adaptive'])
  test(`${kind}: of some thousand random tasks each settles once and none runs twice in silence`, () =>
    fuzz(kind, 2000, 3))

test('so it is with a seed that nobody has chosen', async (t) => {
  const seed = randomInt(1_000_000)
  t.diagnostic(`seed ${seed}`)
  await fuzz('all', 2000, seed)
})
