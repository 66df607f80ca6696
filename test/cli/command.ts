/**
 * Runs `tidypool` in a folder of the test's own, with temporary and state directories that are looked at afterwards:
 * a test that leaves a process, a file or a journal behind fails.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { ResultLine } from '../../src/batch/result-line.ts'
import { command } from './installed.ts'
import { entriesBelow } from '../helpers/entries-below.ts'
import { commandLineOf, environmentOf, lookAtProcesses } from '../helpers/processes.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  ended: Promise<Ended>
}

export interface StartOptions {
  /** Text for standard input, or `pipe` to keep it open; nothing means /dev/null. */
  readonly stdin?: string
  readonly env?: NodeJS.ProcessEnv
  /** A command to put before it, such as `timeout 1s`. */
  readonly under?: readonly string[]
}

interface CleanUps {
  after(cleanUp: () => unknown): void
}

export interface Bench {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly file: (name: string) => string
  readonly write: (name: string, text: string) => string
  readonly read: (name: string) => string
  readonly start: (args: readonly string[], options?: StartOptions) => Started
  readonly run: (args: readonly string[], options?: StartOptions) => Promise<Ended>
  /** Runs when the test has ended, before it is looked at what is left. */
  readonly atEnd: (cleanUp: () => void) => void
  /** Fails when anything of it is left. Also called after the test. */
  readonly nothingIsLeft: () => Promise<void>
}

/** What a program has written is here at once; what it left may hold the pipes for ever. */
const drainMs = 10_000

export function bench(t: CleanUps): Bench {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-cli-'))
  const tmp = path.join(folder, 'tmp')
  const state = path.join(folder, 'state')
  mkdirSync(tmp)
  copyFileSync(new URL('tasks.mjs', import.meta.url), path.join(folder, 'tasks.mjs'))
  const mark = `bench-${path.basename(folder)}`
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TMPDIR: tmp,
    TIDYPOOL_STATE_DIR: state,
    TIDYPOOL_TEST_BENCH: mark,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    NODE_OPTIONS: undefined,
    NODE_TEST_CONTEXT: undefined,
  }
  const processes = (): string[] => processesWith(mark)
  const files = (): string[] => [
    ...readdirSync(tmp).filter((name) => !/^(tsx-|node-compile-cache)/.test(name)),
    ...filesBelow(state).filter((name) => path.basename(name) !== 'ended.log'),
  ]
  const cleanUps: (() => void)[] = []
  const self: Bench = {
    folder,
    env,
    atEnd: (cleanUp) => void cleanUps.push(cleanUp),
    file: (name) => path.join(folder, name),
    write(name, text) {
      writeFileSync(path.join(folder, name), text)
      return name
    },
    read: (name) => readFileSync(path.join(folder, name), 'utf8'),
    start: (args, options = {}) => start(folder, { ...env, ...options.env }, args, options),
    run: (args, options) => self.start(args, options).ended,
    async nothingIsLeft() {
      await until(
        () => processes().length === 0 && files().length === 0,
        () => `nothing to be left, but there is ${[...processes(), ...files()].join(', ')}`,
      )
    },
  }
  t.after(async () => {
    try {
      for (const cleanUp of cleanUps) cleanUp()
      await self.nothingIsLeft()
    } finally {
      for (const line of processes()) process.kill(Number(/^\d+/.exec(line)?.[0]), 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
  return self
}

function start(
  cwd: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  { stdin, under = [] }: StartOptions,
): Started {
  const [program = '', ...rest] = [...under, command(), ...args]
  const child = spawn(program, rest, {
    cwd,
    env,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin?.on('error', () => {})
  if (stdin !== undefined && stdin !== 'pipe') child.stdin?.end(stdin)
  const closed = once(child, 'close')
  const ended = once(child, 'exit').then(async ([code, signal]): Promise<Ended> => {
    const isClosed = await Promise.race([closed, delay(drainMs, undefined, { ref: false })])
    if (isClosed === undefined) {
      child.stdout?.destroy()
      child.stderr?.destroy()
      assert.fail(
        `it ended (${code ?? signal}), but something holds its output: ${stdout}${stderr}`,
      )
    }
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr }
  })
  return { child, pid: child.pid ?? 0, stdout: () => stdout, stderr: () => stderr, ended }
}

/** Polls until it is so. */
export async function until(
  isSo: () => boolean,
  what: string | (() => string),
  limitMs = 20_000,
  pollMs = 5,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!isSo()) {
    if (performance.now() > deadline)
      assert.fail(`waited ${limitMs} ms for ${typeof what === 'string' ? what : what()}`)
    await delay(pollMs)
  }
}

/** `pid command` of the processes whose environment holds the text. */
export function processesWith(text: string): string[] {
  return lookAtProcesses((pid) =>
    pid !== process.pid && environmentOf(pid).some((entry) => entry.includes(text))
      ? `${pid} ${commandLineOf(pid)}`
      : undefined,
  )
}

function filesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

export function resultsIn(text: string): ResultLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultLine)
}
