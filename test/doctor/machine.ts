/**
 * A place with a `/dev/shm`, System V objects, a temporary and a state directory of its own, in which `tidypool doctor`
 * and what it is to find run: on the machine itself it would find what other tests hold.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** What every test in such a place needs. */
export const machineNeeds = needs('linux', 'root', 'unshare', 'mount namespace')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** As `--json` gives a finding. */
export interface ReportedFinding {
  readonly check: string
  readonly kind: string
  readonly what: string
  readonly name: string
  readonly bytes?: number
  readonly ageMs?: number
  readonly owner?: { readonly uid: number; readonly user: string }
  readonly certainty: 'certain' | 'likely' | 'unknown'
  readonly remedy: string
  readonly treatment: { readonly outcome: string; readonly reason?: string }
}

export type ReportedCounts = Record<string, { readonly count: number; readonly bytes: number }>

export interface Report {
  readonly code: number | null
  readonly hidden: readonly string[]
  readonly before: ReportedCounts
  readonly after: ReportedCounts | null
  readonly findings: readonly ReportedFinding[]
  readonly measures: readonly { name: string; used: number; limit: number; usedPart: number }[]
  readonly checks: readonly { name: string; notJudged: readonly string[]; failed: string | null }[]
}

export interface MachineOptions {
  /** A pid namespace, too: then nothing outside can be found, and process numbers are those within. */
  readonly pids?: boolean
  /** Shows it the control groups of the machine itself, with those of other tests. */
  readonly controlGroups?: boolean
  /** Options of the mount of its `/dev/shm`. */
  readonly sharedMemory?: string
  /** Run in it first, as `sh` does, such as mounts. */
  readonly script?: string
}

/** When the tests run under `tidypool exec`: its owner cannot be seen in there. */
function withoutOwner(): NodeJS.ProcessEnv {
  return { ...process.env, TIDYPOOL_SCOPE: undefined }
}

export class Machine {
  readonly folder: string
  readonly tmp: string
  readonly state: string
  readonly #keeper: ChildProcess
  readonly #inside: readonly string[]
  readonly #children = new Set<ChildProcess>()

  private constructor(folder: string, keeper: ChildProcess, inside: readonly string[]) {
    this.folder = folder
    this.tmp = path.join(folder, 'tmp')
    this.state = path.join(folder, 'state')
    this.#keeper = keeper
    this.#inside = inside
  }

  static async start(
    t: Pick<TestContext, 'after'>,
    options: MachineOptions = {},
  ): Promise<Machine> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'td-'))
    for (const name of ['tmp', 'state']) mkdirSync(path.join(folder, name), { mode: 0o700 })
    const groups = options.controlGroups === true ? '' : 'umount -R -l /sys/fs/cgroup 2>/dev/null; '
    const script = `${groups}mount -t tmpfs ${options.sharedMemory ?? ''} none /dev/shm; ${options.script ?? ':'}; echo ready; exec sleep 100000`
    const pids = options.pids === true ? ['--pid', '--fork', '--mount-proc', '--kill-child'] : []
    const keeper = spawn('unshare', ['--ipc', '--mount', ...pids, 'sh', '-c', script], {
      env: withoutOwner(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    keeper.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(() => said.includes('\n') || keeper.exitCode !== null, 'the machine to be there')
    assert.equal(keeper.exitCode, null)
    // In a pid namespace the keeper is its process 1, known outside as the child of unshare.
    const outside = options.pids === true ? await childOf(keeper.pid) : (keeper.pid ?? 0)
    const inside = ['--ipc', '--mount', ...(options.pids === true ? ['--pid'] : [])]
    const machine = new Machine(folder, keeper, [...inside, '--target', String(outside)])
    t.after(async () => await machine.#end())
    return machine
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...withoutOwner(),
      TMPDIR: this.tmp,
      TIDYPOOL_STATE_DIR: this.state,
      XDG_RUNTIME_DIR: undefined,
      NODE_TEST_CONTEXT: undefined,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
    }
  }

  /** Starts a command in it. It is ended with the test. */
  start(words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('nsenter', [...this.#inside, '--', ...words], {
      env: { ...this.env, ...env },
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    child.stdin.on('error', () => {})
    return child
  }

  /** Runs a command in it to its end. */
  async run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const child = this.start(words, env)
    assert.ok(child.stdout && child.stderr)
    child.stdin?.end()
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ])
    return { code, stdout, stderr }
  }

  /** Runs a shell script in it that must succeed, and gives what it printed. */
  async sh(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(['sh', '-c', script], env)
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }

  /** `tidypool doctor` as a user types it. */
  async doctor(args: readonly string[], under: readonly string[] = []): Promise<Ran> {
    return await this.run([...under, process.execPath, cli, 'doctor', ...args])
  }

  /** What it finds, as programs read it. */
  async report(args: readonly string[], under: readonly string[] = []): Promise<Report> {
    const { code, stdout, stderr } = await this.doctor([...args, '--json'], under)
    assert.equal(stderr, '')
    return { code, ...(JSON.parse(stdout) as Omit<Report, 'code'>) }
  }

  /** Waits for a line of a started command. */
  async line(child: ChildProcess, what: string): Promise<string> {
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    return await until(() => /^(.+)\n/.exec(said)?.[1], what)
  }

  async #end(): Promise<void> {
    // What they have started themselves ends with standard input.
    for (const child of this.#children) child.stdin?.destroy()
    for (const child of [...this.#children, this.#keeper]) child.kill('SIGKILL')
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null)
      await once(this.#keeper, 'exit')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function childOf(pid: number | undefined): Promise<number> {
  return await until(
    () => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()) || undefined,
    'the first process of the machine',
  )
}

/** The findings about these names, by their last part: `name certainty`. */
export function verdicts({ findings }: Report): Record<string, string> {
  return Object.fromEntries(
    findings.map(({ name, certainty }) => [name.slice(name.lastIndexOf('/') + 1), certainty]),
  )
}
