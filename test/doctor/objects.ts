/** Leftovers of Python's libraries, made by the same calls as theirs. */
import { fileURLToPath } from 'node:url'
import { until } from '../helpers/until.ts'
import type { Machine } from './machine.ts'

const program = fileURLToPath(new URL('programs/objects.py', import.meta.url))

/** Runs the maker until it has been killed, or holds them (`wait`). @returns the names. */
export async function made(
  machine: Machine,
  how: 'die' | 'wait' | 'heir',
  ...kinds: readonly string[]
): Promise<string[]> {
  // The shell stays, so that standard input of an heir does not end with its parent.
  const script = 'python3 "$@"; echo "ended with $?"; exec sleep 100000'
  const child = machine.start(['sh', '-c', script, 'sh', program, how, ...kinds])
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const line = await until(() => /^(\d.*)\n/.exec(said)?.[1], 'the objects to be made')
  if (how !== 'wait') await until(() => said.includes('ended with 137'), 'its end by SIGKILL')
  return line.split(',').slice(1)
}

/** Waits until everything there is older than what may still be in the making. */
export async function aged(machine: Machine, folder = '/dev/shm'): Promise<void> {
  const young = `find ${folder} -mindepth 1 -maxdepth 1 -newerct '6 seconds ago'`
  await until(async () => (await machine.sh(young)) === '', 'them to be older', {
    deadlineMs: 30_000,
  })
}
