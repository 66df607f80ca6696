/** Runs `exec --isolate` as a chosen user and by a chosen tool, and looks at what is left outside. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { journalExtension } from '../../src/lifetime/journal-format.ts'
import { errorCode } from '../../src/os/process-identity.ts'
import { entriesBelow } from '../helpers/entries-below.ts'
import { needs, type NeedName } from '../helpers/needs.ts'
import { commandLineOf, lookAtProcesses } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const litterProgram = fileURLToPath(new URL('programs/litter.py', import.meta.url))
const nobody = 65534

export interface Way {
  readonly user: 'the user' | 'nobody'
  readonly tool: 'unshare' | 'bwrap'
}

export const ways: readonly Way[] = [
  { user: 'the user', tool: 'unshare' },
  { user: 'the user', tool: 'bwrap' },
  { user: 'nobody', tool: 'unshare' },
  { user: 'nobody', tool: 'bwrap' },
]

export function needsOf({ user, tool }: Way, ...more: readonly NeedName[]): string | false {
  const other: readonly NeedName[] = user === 'nobody' ? ['another user', 'setpriv'] : []
  return needs('linux', 'pid namespace', tool, 'setsid', ...other, ...more)
}

export interface IsolatedEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly ended: Promise<IsolatedEnd>
}

export interface How {
  /** Words to put before everything. */
  readonly under?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export interface Place {
  /** Names what the litter program makes. */
  readonly tag: string
  /** A folder that the user may write to; its working directory. */
  readonly folder: string
  readonly litter: readonly string[]
  /** Without `options`, as if run directly. */
  start(words: readonly string[], options?: readonly string[], how?: How): Running
  run(words: readonly string[], options?: readonly string[], how?: How): Promise<IsolatedEnd>
  /** What carries the tag: names in /dev/shm and /tmp, System V objects, processes. */
  left(): string[]
}

function journalsBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => entry.isFile() && entry.name.includes(journalExtension))
    .map((entry) => path.join(entry.parentPath, entry.name))
}

export function place(t: Pick<TestContext, 'after'>, { user, tool }: Way): Place {
  const tag = `tp-iso-${randomBytes(6).toString('hex')}`
  const key = randomBytes(4).readUInt32BE() % 0x7fffffff
  // In /var/tmp, which is nobody's own: what lies in /tmp would be bound.
  const folder = mkdtempSync('/var/tmp/tp-isolated-')
  const uid = user === 'nobody' ? nobody : (process.getuid?.() ?? 0)
  if (uid === nobody) chownSync(folder, nobody, nobody)
  const state = mkdtempSync(path.join(os.tmpdir(), 'tp-isolated-state-'))
  if (uid === nobody) chownSync(state, nobody, nobody)
  const bin = path.join(folder, 'bin')
  mkdirSync(bin, { mode: 0o755 })
  chmodSync(folder, 0o755)
  // It comes first, and fails: then the other tool is taken.
  if (tool === 'bwrap') {
    writeFileSync(path.join(bin, 'unshare'), '#!/bin/sh\necho not today >&2; exit 1\n')
    chmodSync(path.join(bin, 'unshare'), 0o755)
  }
  // What lies in /tmp, as this repository may, is not seen from inside.
  const program = path.join(folder, 'litter.py')
  copyFileSync(litterProgram, program)
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    TIDYPOOL_STATE_DIR: path.join(state, 'state'),
    PWD: folder,
  }
  const as =
    uid === process.getuid?.()
      ? []
      : ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  const started: ChildProcess[] = []
  const self: Place = {
    tag,
    folder,
    litter: ['python3', program, tag, String(key)],
    start(words, options, { under = [], env: more } = {}) {
      const command = options ? [process.execPath, main, 'exec', ...options, '--', ...words] : words
      const [file = '', ...args] = [...under, ...as, ...command]
      const child = spawn(file, args, {
        cwd: folder,
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      started.push(child)
      return { child, ...collect(child) }
    },
    run: (words, options, how) => self.start(words, options, how).ended,
    left: () => [
      ...names(tag),
      ...systemV(key),
      ...processesOf(tag).map(({ line }) => line),
      // While there is one, a guardian has not done its work.
      ...journalsBelow(state),
    ],
  }
  t.after(() => {
    for (const child of started) child.kill('SIGKILL')
    for (const { pid } of processesOf(tag)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        // It may have ended between our look and our signal.
        if (errorCode(error) !== 'ESRCH') throw error
      }
    }
    for (const name of names(tag)) rmSync(name, { recursive: true })
    for (const entry of systemV(key)) {
      const [kind = '', id = ''] = entry.split(' ')
      execFileSync('ipcrm', [{ shm: '-m', sem: '-s', msg: '-q' }[kind] ?? '', id])
    }
    rmSync(folder, { recursive: true, force: true })
    rmSync(state, { recursive: true, force: true })
  })
  return self
}

/** Waits until nothing is left of what carries the tag. */
export async function nothingLeft(place: Place): Promise<void> {
  let left: readonly string[] = []
  const isEmpty = (): boolean => (left = place.left()).length === 0
  await until(isEmpty, 'nothing to be left').catch((error: unknown) => {
    throw new Error(`left: ${left.join(', ')}`, { cause: error })
  })
}

function collect(child: ChildProcess): Pick<Running, 'stdout' | 'ended'> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<IsolatedEnd>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { stdout: () => stdout, ended }
}

function names(tag: string): string[] {
  return ['/dev/shm', '/tmp'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.includes(tag))
      .map((name) => path.join(folder, name)),
  )
}

/** `kind id` */
function systemV(key: number): string[] {
  return ['shm', 'sem', 'msg'].flatMap((kind) =>
    readFileSync(`/proc/sysvipc/${kind}`, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([found]) => Number(found) === key)
      .map(([, id]) => `${kind} ${id}`),
  )
}

function processesOf(tag: string): { readonly pid: number; readonly line: string }[] {
  return lookAtProcesses((pid) => {
    const line = commandLineOf(pid)
    return line.includes(tag) ? { pid, line: `${pid} ${line}` } : undefined
  })
}
