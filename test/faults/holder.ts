import assert from 'node:assert/strict'
import { ownNumber, until, type Program, type Stage, type StartOptions } from './observe.ts'

/** What `programs/holdings.mjs` says it holds. */
export interface Held {
  readonly pids: readonly number[]
  readonly dir: string
}

/**
 * Starts a program that says what it holds, and makes sure that the observer sees all of it: or it would find nothing left
 * afterwards, whatever is.
 */
export async function startHolder(
  stage: Stage,
  args: readonly string[],
  options: StartOptions = {},
  program = 'holder.mjs',
): Promise<Program> {
  const parent = await stage.start(program, args, { stdin: 'pipe', ...options })
  await untilSeen(stage, await parent.ready<Held>())
  parent.go()
  return parent
}

/** Waits, since a process that is executing its command just now shows no environment. */
export async function untilSeen(stage: Stage, held: Held): Promise<void> {
  const seen = await until(
    () => {
      const found = stage.processes()
      const numbers = new Set(found.map((process) => ownNumber(process.pid)))
      return held.pids.every((pid) => numbers.has(pid)) && found
    },
    `the processes ${held.pids.join(', ')} of the program to be seen before it ends`,
  )
  assert.ok(
    seen.some((process) => process.isCleaner),
    'a guardian is seen',
  )
  assert.ok(stage.journals().length > 0, 'a journal is seen')
  assert.ok(
    stage.files().some((file) => held.dir.startsWith(file)),
    'a directory is seen',
  )
}
