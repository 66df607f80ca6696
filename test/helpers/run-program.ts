import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface ProgramEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface ProgramOptions {
  readonly args?: readonly string[]
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** It guards against a hang: the program is killed then. Default: 20,000. */
  readonly limitMs?: number
}

/** Runs a JavaScript program with this Node, and waits for its end. It runs under no test runner and no compiler. */
export async function runProgram(
  program: URL | string,
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  const { args = [], execArgv = [], env = {}, limitMs = 20_000 } = options
  const startedAt = performance.now()
  const file = typeof program === 'string' ? program : fileURLToPath(program)
  const child = spawn(process.execPath, [...execArgv, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined, ...env },
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) =>
      resolve({ status, signal, stdout, stderr, tookMs: performance.now() - startedAt }),
    )
  })
}
