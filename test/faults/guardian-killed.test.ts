/** E1 and E2: the guardian is killed (once, 20 times, too often), is stopped, or is killed together with its owner. */
import assert from 'node:assert/strict'
import { readStat } from '../../src/os/process-identity.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, isRunning, promiseMs, until, type Program, type Seen } from './observe.ts'
import { guardianOf, guardiansOf, kill, killBoth, sweepIn } from './owners.ts'

const skip = needs('linux')
const kinds = ['process', 'thread'] as const

/** Kills the guardian. @returns the milliseconds until another one is there and journalled */
async function killGuardian(stage: Stage, owner: Program): Promise<number> {
  // Its own children look like it until they execute something.
  const guardians = () => guardiansOf(stage).filter(({ pid }) => readStat(pid)?.ppid === owner.pid)
  const guardian = await until(() => guardians()[0], 'a guardian')
  const killedAt = performance.now()
  kill(guardian, 'SIGKILL')
  const next = await until(
    () => guardians().find((seen) => seen.pid !== guardian.pid),
    'another guardian',
  )
  const took = performance.now() - killedAt
  const record = `\ng ${next.pid} ${next.startTime}\n`
  await until(() => stage.things().some((thing) => thing.includes(record)), 'its record')
  return took
}

/** The promise is of a machine with nothing else to do, which `npm test` is not given. */
const againMs = process.env['TIDYPOOL_FAULTS'] === 'full' ? 100 : 2000

for (const kind of kinds) {
  for (const times of [1, 20]) {
    faultRow(
      {
        id: 'E1',
        kind: `${kind}, killed ${times}x`,
        skip,
        repeats: 25,
        ciRepeats: times > 1 ? 1 : 0,
      },
      async (t) => {
        const stage = new Stage(t)
        const owner = await startHolder(stage, [kind, 'idle'])
        let worst = 0
        for (let count = 0; count < times; count++) {
          worst = Math.max(worst, await killGuardian(stage, owner))
        }
        assert.ok(worst <= againMs, `guarded again after ${worst} ms`)
        await until(() => guardiansOf(stage).length === 1, 'one guardian alone')
        owner.kill('SIGKILL')
        await stage.gone({ since: (await owner.ended).at })
        return worst
      },
    )
  }
}

/** What nothing but the guardian or a sweep ends: everything but workers and tethered commands. */
function tethered(stage: Stage, owner: { readonly pid: number }): Seen[] {
  return stage
    .processes()
    .filter(({ pid, command }) => pid !== owner.pid && command.includes('process-entry'))
}

/** P of the tether: workers are gone; then the next start does the rest. */
async function tetherThenSweep(stage: Stage, workers: readonly Seen[], at: number) {
  await until(() => !workers.some(isRunning), 'the workers to end by their tether', promiseMs)
  const took = performance.now() - at
  await sweepIn(stage)
  await stage.gone()
  return took
}

for (const kind of kinds) {
  faultRow(
    {
      id: 'E1',
      kind: `${kind}, killed too often`,
      skip,
      repeats: 10,
      ciRepeats: kind === 'process' ? 1 : 0,
    },
    async (t) => {
      const stage = new Stage(t)
      const owner = await startHolder(stage, [kind, 'busy'])
      const warned = () => owner.stderr.includes('TIDYPOOL_NO_GUARDIAN')
      for (let count = 0; !warned(); count++) {
        assert.ok(count < 100, 'it is started for ever')
        const [guardian] = await until(
          () => (warned() ? [undefined] : guardiansOf(stage).length > 0 && guardiansOf(stage)),
          'another guardian or the warning',
        )
        if (guardian) kill(guardian, 'SIGKILL')
      }
      assert.equal(owner.stderr.match(/TIDYPOOL_NO_GUARDIAN/g)?.length, 1, 'one warning')
      assert.deepEqual(guardiansOf(stage), [])
      const workers = tethered(stage, owner)
      owner.kill('SIGKILL')
      return tetherThenSweep(stage, workers, (await owner.ended).at)
    },
  )

  faultRow(
    {
      id: 'E1',
      kind: `${kind}, stopped`,
      skip,
      repeats: 25,
      ciRepeats: kind === 'process' ? 1 : 0,
    },
    async (t) => {
      const stage = new Stage(t)
      const owner = await startHolder(stage, [kind, 'busy'])
      const guardian = await guardianOf(stage)
      kill(guardian, 'SIGSTOP')
      const workers = tethered(stage, owner)
      owner.kill('SIGKILL')
      const took = await tetherThenSweep(stage, workers, (await owner.ended).at)
      assert.ok(!isRunning(guardian), 'the stopped guardian is ended by the next start')
      return took
    },
  )

  for (const first of ['guardian', 'owner'] as const) {
    for (const state of ['idle', 'busy'] as const) {
      const ciRepeats = kind === 'process' || first === 'owner' ? 1 : 0
      const row = { id: 'E2', kind: `${kind}, ${state}, ${first} first`, repeats: 15, skip }
      faultRow({ ...row, ciRepeats: state === 'busy' ? ciRepeats : 0 }, async (t) => {
        const stage = new Stage(t)
        const owner = await startHolder(stage, [kind, state])
        const workers = tethered(stage, owner)
        assert.equal(workers.length > 0, kind === 'process')
        const at = await killBoth(stage, owner, first)
        return tetherThenSweep(stage, workers, at)
      })
    }
  }
}
