/**
 * D11: what was finished before its worker was killed arrives, or its future says that it ran; and nothing runs twice in
 * silence.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import { linesOf, type Outcome } from './programs/scenario.mjs'

interface Said {
  readonly outcomes: readonly (Outcome & { readonly size: number; readonly atMs: number })[]
  readonly next: Outcome
}

for (const kind of ['process', 'thread'] as const) {
  const run = async (t: Parameters<Parameters<typeof faultRow>[1]>[0], way: string) => {
    const stage = new Stage(t)
    const notes = path.join(stage.folder, 'notes')
    const program = await stage.start('finished-results.mjs', [kind, way, notes])
    const { outcomes, next } = (await program.ready()) as Said
    assert.equal(next.value, 'next')
    const last = outcomes.at(-1)
    assert.deepEqual([last?.code, last?.ran], ['ERR_WORKER_DIED', true])
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    await stage.gone({ since: end.at })
    return { outcomes, notes: linesOf(notes) }
  }

  faultRow(
    {
      id: 'D11',
      kind: `${kind}, 1 MiB, then 2 s`,
      repeats: 25,
      ciRepeats: kind === 'process' ? 1 : 0,
    },
    async (t) => {
      const { outcomes } = await run(t, 'large')
      const [large] = outcomes
      assert.deepEqual([large?.status, large?.size], ['fulfilled', 2 ** 20])
      assert.ok((large?.atMs ?? 0) < 1000, `it waited ${large?.atMs} ms for the task after it`)
      return large?.atMs
    },
  )

  faultRow(
    { id: 'D11', kind: `${kind}, 1 MiB inside, then 2 s`, repeats: 10, ciRepeats: 0 },
    async (t) => {
      const { outcomes } = await run(t, 'inside')
      const [large] = outcomes
      if (large?.status !== 'fulfilled') {
        assert.deepEqual([large?.code, large?.ran], ['ERR_WORKER_DIED', true])
      }
      return large?.atMs
    },
  )

  faultRow({ id: 'D11', kind: `${kind}, 300 tiny tasks`, ciRepeats: 1 }, async (t) => {
    const { outcomes, notes } = await run(t, 'tiny')
    const counts = new Map<string, number>()
    for (const note of notes) counts.set(note, (counts.get(note) ?? 0) + 1)
    for (const [index, { status, code, ran }] of outcomes.slice(0, -1).entries()) {
      if (status !== 'fulfilled') {
        assert.deepEqual([code, ran], ['ERR_WORKER_DIED', true], `task ${index}`)
      }
      assert.equal(counts.get(String(index)), 1, `task ${index} ran once`)
    }
  })
}
