/** Programs that hold things through the package, to be ended from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { processWorld } from '../../src/os/machine.ts'
import { carriersOf, endCarriers, isGone, until } from './conditions.ts'
import { tempFolder } from './temp-folder.ts'

/** What a program of `programs/` printed, and how it ended. */
export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly signal: string | null
}

/** Runs a program of `programs/` to its end. */
export async function runProgram(
  name: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  execArgv: readonly string[] = [],
): Promise<Ran> {
  const child = spawn(process.execPath, [...execArgv, programPath(name), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ])
  return { stdout, stderr, exitCode, signal }
}

/** Path of a program in `programs/`. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url))
}

/** What `programs/owner.mjs` says when it holds everything. */
export interface Held {
  readonly dir: string
  readonly guardian: number
  readonly tethered: number
  readonly escaped: number
  readonly worker: number
}

/** A running owner. */
export interface Owner {
  readonly child: ChildProcess
  readonly pid: number
  readonly held: Held
  readonly tmp: string
  readonly state: string
  /** Everything it started, its guardian included. */
  readonly pids: readonly number[]
  /** The files of journals in its state directory. */
  journals(): string[]
  /** Waits until nothing of it is left: process, directory, journal. */
  isCleaned(limitMs?: number): Promise<void>
}

/** How an owner is started. */
export interface OwnerOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly args?: readonly string[]
  /** What starts it: `['sh', '-c', 'exec "$@" 9<file', 'sh']`. */
  readonly prefix?: readonly string[]
  readonly tmp?: string
}

/** Starts `programs/owner.mjs` with a temporary and a state directory of its own, and waits until it holds everything. */
export async function startOwner(
  t: Pick<TestContext, 'after'>,
  options: OwnerOptions = {},
): Promise<Owner> {
  const tmp = options.tmp ?? tempFolder(t)
  const state = path.join(tempFolder(t), 'state')
  const mark = path.basename(path.dirname(state))
  const command = [
    ...(options.prefix ?? []),
    process.execPath,
    programPath('owner.mjs'),
    ...(options.args ?? []),
  ]
  const child = spawn(command[0] ?? '', command.slice(1), {
    env: {
      ...process.env,
      TMPDIR: tmp,
      TIDYPOOL_STATE_DIR: state,
      LIFETIME_TEST: mark,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await endCarriers(`LIFETIME_TEST=${mark}`)
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const line = await until(
    () => output.split('\n').find((text) => text.startsWith('{')),
    'the owner to hold everything',
    10_000,
  )
  const held = JSON.parse(line) as Held
  const pids = [held.guardian, held.tethered, held.escaped, held.worker]
  const journals = () => {
    try {
      const world = path.join(state, processWorld())
      return readdirSync(world).map((name) => path.join(world, name))
    } catch {
      return [] // the folder goes with its last journal
    }
  }
  return {
    child,
    pid: child.pid ?? 0,
    held,
    tmp,
    state,
    pids,
    journals,
    isCleaned: async (limitMs = 2000) => {
      await until(
        () => carriersOf(`LIFETIME_TEST=${mark}`).length === 0,
        `the processes ${pids.filter((pid) => !isGone(pid)).join(', ')} to be gone`,
        limitMs,
      )
      await until(() => readdirSync(tmp).length === 0, 'its directory to be gone', limitMs)
      await until(() => journals().length === 0, 'its journal to be gone', limitMs)
    },
  }
}
