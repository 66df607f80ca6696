/** E7 and E8: sweeps at once, a sweep killed half way, and owners that live but do not answer. */
import assert from 'node:assert/strict'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, isRunning, until } from './observe.ts'
import { deadOwners, guardiansOf, kill, sweepIn } from './owners.ts'

const skip = needs('linux')

faultRow({ id: 'E7', kind: 'four at once', repeats: 25, ciRepeats: 1, skip }, async (t) => {
  const stage = new Stage(t)
  await deadOwners(stage, 2)
  const left = stage.processes()
  assert.ok(left.length >= 2, 'what has left its session runs')
  const startedAt = performance.now()
  const said = await Promise.all([1, 2, 3, 4].map(() => sweepIn(stage)))
  const { allMs } = await stage.gone()
  const ended = said.flatMap(({ processes }) =>
    processes.map(({ pid, startTime }) => `${pid} ${startTime}`),
  )
  assert.equal(new Set(ended).size, ended.length, `each once: ${ended.join(', ')}`)
  const directories = said.flatMap((one) => one.directories)
  assert.equal(new Set(directories).size, directories.length, 'each directory once')
  assert.deepEqual(
    said.flatMap(({ failed }) => failed),
    [],
  )
  return performance.now() - startedAt + allMs
})

faultRow({ id: 'E7', kind: 'killed half way', ciRepeats: 1, skip }, async (t, repeat) => {
  const stage = new Stage(t)
  await deadOwners(stage, 2)
  const first = await stage.start('sweeper.mjs', [], { ready: false })
  const sweep = await until(
    () =>
      first.hasEnded
        ? ('late' as const)
        : guardiansOf(stage).find(({ command }) => command.includes('tidypool-sweep')),
    'the first sweep',
  )
  if (sweep !== 'late') {
    // Now and then it gets a little further.
    const looks = repeat % 5
    for (let look = 0; look < looks; look++) stage.processes()
    kill(sweep, 'SIGKILL')
  }
  await first.ended
  await sweepIn(stage)
  return (await stage.gone()).allMs
})

for (const state of ['busy', 'stopped'] as const) {
  for (const kind of ['process', 'thread'] as const) {
    const ciRepeats = (kind === 'process') === (state === 'stopped') ? 1 : 0
    faultRow({ id: 'E8', kind: `${kind}, ${state}`, repeats: 15, ciRepeats, skip }, async (t) => {
      const stage = new Stage(t)
      const way = state === 'busy' ? 'loop' : 'wait'
      const owner = await startHolder(stage, [kind, 'busy', way])
      if (state === 'stopped') owner.kill('SIGSTOP')
      // Guardian and workers STOPped as well: nothing of a living owner is anybody's to take.
      const before = stage.processes()
      const journals = stage.journals()
      const files = stage.files()
      const said = await Promise.all([sweepIn(stage), sweepIn(stage)])
      assert.deepEqual(
        said.flatMap(({ processes }) => processes),
        [],
      )
      assert.deepEqual(
        before.filter((seen) => !isRunning(seen)),
        [],
        'all of them still run',
      )
      await until(
        () => stage.journals().length === journals.length,
        'the journals of the others to go',
      )
      assert.deepEqual([stage.journals(), stage.files()], [journals, files])
      if (state === 'stopped') owner.kill('SIGCONT')
      owner.kill('SIGKILL')
      const { allMs } = await stage.gone({ since: (await owner.ended).at })
      return allMs
    })
  }
}
