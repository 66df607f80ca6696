/**
 * The examples as users run them, under a runner that is installed beside them. Runners are brought at first use into
 * `.cache/runners`: as development dependencies they would double what `npm ci` installs here.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isGoneError } from '../../src/os/process-identity.ts'
import { readInitialEnvironment, runningProcesses } from '../../src/os/process-table.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Those run on every Node that this package does. */
const versions = { vitest: '4.1.12', jest: '30.5.2' } as const

/** Everything that a run starts carries it. */
const placeVariable = 'TIDYPOOL_TEST_WORKSHOP'
/** What DESIGN promises for whatever way a process ends. */
const promiseMs = 2000

export interface RunnerEnd {
  readonly status: number | null
  /** What it wrote, to both streams, without colours. */
  readonly output: string
}

export interface Workshop extends Disposable {
  /** Holds the examples, and the package as it would be published. */
  readonly folder: string
  run(args: readonly string[]): Promise<RunnerEnd>
}

/** A folder to run one runner in; it goes with the `using` that holds it. */
export function workshop(runner: 'node-test' | keyof typeof versions): Workshop {
  const home = path.join(root, '.cache/runners', runner)
  mkdirSync(home, { recursive: true })
  if (runner !== 'node-test') bring(runner, home)
  const folder = mkdtempSync(path.join(home, 'work-'))
  const installed = path.join(folder, 'node_modules/tidypool')
  mkdirSync(installed, { recursive: true })
  cpSync(path.join(root, 'package.json'), path.join(installed, 'package.json'))
  cpSync(path.join(root, 'dist'), path.join(installed, 'dist'), { recursive: true })
  for (const name of [runner, 'ticker.mjs']) {
    cpSync(path.join(root, 'examples/testing', name), path.join(folder, name), { recursive: true })
  }
  cpSync(path.join(import.meta.dirname, 'programs'), path.join(folder, runner), { recursive: true })
  // The package itself needs what it depends on only where it makes executors; it is found in ours.
  writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}')
  return {
    folder,
    run: (args) => run(folder, args),
    [Symbol.dispose]: () => {
      endStartedIn(folder)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function bring(runner: keyof typeof versions, home: string): void {
  const wanted = versions[runner]
  const manifest = path.join(home, 'node_modules', runner, 'package.json')
  const isHere = existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`"${wanted}"`)
  if (isHere) return
  writeFileSync(path.join(home, 'package.json'), '{"private":true}')
  const quiet = [
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  execFileSync('npm', ['install', ...quiet, `${runner}@${wanted}`], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function run(folder: string, args: readonly string[]): Promise<RunnerEnd> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: {
      ...process.env,
      [placeVariable]: folder,
      NODE_TEST_CONTEXT: undefined,
      FORCE_COLOR: undefined,
      NO_COLOR: '1',
      CI: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = once(child, 'close')
  const [status] = (await once(child, 'exit')) as [number | null]
  // Guardians come after their owners; both killed at once, their files would stay until the next program that sweeps.
  const deadline = performance.now() + promiseMs
  while (startedIn(folder).length > 0 && performance.now() < deadline) await delay(10)
  // What a failed test left may hold the pipes.
  endStartedIn(folder)
  await closed
  return { status, output }
}

/** Ends what a failed test, or a runner that was killed, has left. */
function endStartedIn(folder: string): void {
  for (const pid of startedIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (!isGoneError(error)) throw error
    }
  }
}

function startedIn(folder: string): number[] {
  const mark = `${placeVariable}=${folder}`
  return [...runningProcesses()]
    .map(({ pid }) => pid)
    .filter((pid) => readInitialEnvironment(pid).split('\0').includes(mark))
}
