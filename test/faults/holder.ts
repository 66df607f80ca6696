import assert from 'node:assert/strict'
import { ownNumber, type Program, type Stage, type StartOptions } from './observe.ts'

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
  assertSeen(stage, await parent.ready<Held>())
  parent.go()
  return parent
}

export function assertSeen(stage: Stage, held: Held): void {
  const seen = stage.processes()
  const numbers = new Set(seen.map((process) => ownNumber(process.pid)))
  for (const pid of held.pids) {
    assert.ok(numbers.has(pid), `process ${pid} of the program is seen before it ends`)
  }
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
