/** Journals written by hand, and the clean-up script run on them as a sweep does. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { cleanUpScript } from '../../src/lifetime/clean-up-script.ts'
import { encodePath } from '../../src/lifetime/journal-format.ts'
import { processWorld } from '../../src/os/machine.ts'
import { startOf } from './conditions.ts'

/** A random id of a scope. */
export function newScope(): string {
  return randomBytes(16).toString('hex')
}

/** Where a journal is put: the folder of this boot and pid namespace, or another. */
export interface Place {
  readonly state: string
  readonly scope: string
  readonly world?: string
  /** Identity of the owner. Default: a process that is dead. */
  readonly owner?: { readonly pid: number; readonly startTime: string }
  /** What follows the name: a claim, another version. */
  readonly suffix?: string
}

/** Writes a journal as an owner would have left it, and returns its path. */
export function writeJournal(place: Place, text: string | Buffer): string {
  const folder = path.join(place.state, place.world ?? processWorld())
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { pid, startTime } = place.owner ?? deadOwner()
  const file = path.join(folder, `${pid}-${startTime}-${place.scope}${place.suffix ?? '.v1'}`)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

/** A pid and start time that no running process has. */
export function deadOwner(): { pid: number; startTime: string } {
  return { pid: spawnSync('true').pid, startTime: '1' }
}

/** Makes the directory that belongs to the scope below `parent`, and gives its record. */
export function makeRoot(parent: string, scope: string): { root: string; record: string } {
  const root = path.join(parent, `tidypool-${scope.slice(0, 12)}`)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const { dev, ino } = lstatSync(root, { bigint: true })
  return { root, record: `i ${dev} ${ino} ${encodePath(root)}\n` }
}

/** The script as a sweep runs it, waited for. @returns the lines it reports. */
export function sweepWith(shell: readonly string[], files: readonly string[]): string[] {
  return runScript(shell, ['tidypool-sweep', 'sweep', ...files])
}

/** The script as a guardian runs it whose owner has just gone, waited for. @returns the lines it reports. */
export function guardWith(shell: readonly string[], scope: string, file: string): string[] {
  return runScript(shell, ['tidypool-guardian', 'guardian', scope, file])
}

function runScript([command = 'sh', ...options]: readonly string[], args: readonly string[]) {
  const { stdout, status, error } = spawnSync(command, [...options, '-c', cleanUpScript, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  assert.equal(error, undefined)
  assert.equal(status, 0)
  return stdout.split('\n').filter((line) => line !== '')
}

/** A process of the test that leads a session of its own, as tethered ones do, and is ended after the test. */
export function startVictim(
  t: Pick<TestContext, 'after'>,
  options: { file?: string; env?: NodeJS.ProcessEnv } = {},
): { child: ChildProcess; pid: number; record: string } {
  const child = spawn(options.file ?? 'sleep', ['300'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ...options.env },
  })
  t.after(() => child.kill('SIGKILL'))
  const { pid } = child
  if (pid === undefined) throw new Error('the victim did not start')
  child.unref()
  return { child, pid, record: `p ${pid} ${startOf(pid)}\n` }
}
