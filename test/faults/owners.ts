/** Owners whose guardian is taken from them, for the rows of guardian, journal and sweep. */
import assert from 'node:assert/strict'
import type { AuditedJournal, SweepReport } from 'tidypool'
import { startHolder } from './holder.ts'
import {
  isRunning,
  until,
  type Program,
  type Seen,
  type Stage,
  type StartOptions,
} from './observe.ts'

export function guardiansOf(stage: Stage): Seen[] {
  return stage.processes().filter((seen) => seen.isCleaner)
}

/** The one guardian of a stage with one owner. */
export function guardianOf(stage: Stage): Promise<Seen> {
  return until(() => guardiansOf(stage)[0], 'a guardian')
}

export function kill(seen: Pick<Seen, 'pid' | 'startTime'>, signal: NodeJS.Signals): void {
  if (isRunning(seen)) process.kill(seen.pid, signal)
}

/** Kills guardian and owner together, and waits for their end. @returns when the owner ended */
export async function killBoth(stage: Stage, owner: Program, first: 'guardian' | 'owner') {
  const guardian = await guardianOf(stage)
  if (first === 'guardian') {
    // Or it might start another one, which shows what it is only later.
    owner.kill('SIGSTOP')
    kill(guardian, 'SIGKILL')
  }
  owner.kill('SIGKILL')
  if (first === 'owner') kill(guardian, 'SIGKILL')
  const { at } = await owner.ended
  // One that the owner started in between would do its work: this row is about having none.
  await until(() => {
    const seen = guardiansOf(stage)
    for (const one of seen) kill(one, 'SIGKILL')
    return seen.length === 0
  }, 'the guardians to be gone')
  return at
}

/** Owners that died together with their guardians: their journals are there, and what nothing tethers runs. */
export async function deadOwners(stage: Stage, count: number): Promise<void> {
  const owners: Program[] = []
  for (let index = 0; index < count; index++) {
    owners.push(await startHolder(stage, ['process', 'busy']))
  }
  for (const owner of owners) owner.kill('SIGSTOP')
  for (const guardian of guardiansOf(stage)) kill(guardian, 'SIGKILL')
  await until(() => guardiansOf(stage).length === 0, 'the guardians to be gone')
  for (const owner of owners) owner.kill('SIGKILL')
  await Promise.all(owners.map(({ ended }) => ended))
}

/** What `programs/sweeper.mjs` says. */
export interface SweeperSaid {
  readonly processes: SweepReport['processes']
  readonly directories: readonly string[]
  readonly failed: readonly string[]
  readonly journals: readonly AuditedJournal[]
  readonly ended: readonly string[]
}

/** The next program in this place: it starts and ends as if nothing had happened, and sweeps. */
export async function sweepIn(stage: Stage, options: StartOptions = {}): Promise<SweeperSaid> {
  const next = await stage.start('sweeper.mjs', [], options)
  const said = await next.ready<SweeperSaid>()
  const end = await next.ended
  assert.equal(end.exitCode, 0, next.told)
  return said
}
