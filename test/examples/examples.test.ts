// The examples as their users run them: the command line, the server, the tournament; and that nothing is left.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Checksum } from '../../examples/checksum.ts'
import type { Inspection } from '../../examples/inspect.ts'
import type { PrimeCount } from '../../examples/server/tasks.ts'
import type { Score } from '../../examples/solvers/score.ts'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = path.join(root, 'dist/cli/main.js')

/** How this Node runs the TypeScript of the examples that are programs. */
const loader =
  'typescript' in process.features && process.features.typescript ? [] : ['--import', 'tsx']

/** A directory for the example's inputs, and an environment whose processes and temporary files are all its own. */
interface Sandbox {
  directory: string
  start(args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess
  run(args: readonly string[], how?: { input?: string; env?: NodeJS.ProcessEnv }): Promise<Ended>
  nothingIsLeft(): Promise<void>
}

interface Ended {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

function sandbox(t: TestContext): Sandbox {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidypool-examples-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const leftovers = watchLeftovers(t)
  const start = (args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess =>
    spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...leftovers.env, ...env },
    })
  return {
    directory,
    start,
    async run(args, { input = '', env } = {}) {
      const child = start(args, env)
      child.stdin?.end(input)
      const [stdout, stderr, [status, signal]] = await Promise.all([
        text(child.stdout!),
        text(child.stderr!),
        once(child, 'exit'),
      ])
      return { status, signal, stdout, stderr }
    },
    async nothingIsLeft() {
      // Named shared memory carries no mark: other test files, running at the same time, may have made it.
      const ours = (): string[] => leftovers.list().filter((line) => !line.startsWith('/dev/shm/'))
      await until(() => ours().length === 0, 'nothing to be left', { deadlineMs: 5000 }).catch(() =>
        assert.deepEqual(ours(), []),
      )
    },
  }
}

/** What `tidypool run` writes for each input. */
interface ResultLine<Value> {
  id: string
  input: unknown
  status: 'ok' | 'failed'
  value?: Value
  error?: { name: string; code?: string; signal?: string | null; exitCode?: number | null }
}

/** By the name of the file, or by the id of the object, that was the input. */
function results<Value>(text: string): Map<string, ResultLine<Value>> {
  const lines = text.trimEnd().split('\n')
  return new Map(
    lines.map((line) => {
      const result: ResultLine<Value> = JSON.parse(line)
      return [typeof result.input === 'string' ? result.input : result.id, result]
    }),
  )
}

test('inspect reports functions and syntax errors, and an unreadable file is a failure', async (t) => {
  const box = sandbox(t)
  const file = (name: string, content: string): string => {
    const where = path.join(box.directory, name)
    writeFileSync(where, content)
    return where
  }
  const good = file(
    'good.js',
    '#!/usr/bin/env node\nconst add = (a, b) => {\n  return a + b\n}\nreturn add\n',
  )
  const bad = file('bad.js', 'let x = 1\nlet y = ;\n')
  const json = file('package.json', '{\n  "name": "x",\n}\n')
  const missing = path.join(box.directory, 'missing.js')

  const ended = await box.run([cli, 'run', 'examples/inspect.ts', good, bad, json, missing])
  assert.equal(ended.status, 1, ended.stderr) // one input failed
  const found = results<Inspection>(ended.stdout)
  assert.deepEqual(found.get(good)?.value, {
    bytes: 72,
    lines: 5,
    functions: 1,
    longestFunction: { name: 'add', line: 2, lines: 3 },
  })
  const syntaxError = { message: 'Unexpected token', line: 2, column: 9 }
  assert.deepEqual(found.get(bad)?.value, { bytes: 20, lines: 2, functions: 0, syntaxError })
  assert.equal(found.get(json)?.value?.lines, 3)
  assert.match(found.get(json)?.value?.syntaxError?.message ?? '', /JSON/)
  assert.equal(found.get(missing)?.status, 'failed')
  assert.equal(found.get(missing)?.error?.code, 'ENOENT')
  await box.nothingIsLeft()
})

test('checksum gives the SHA-256 of each file', async (t) => {
  const box = sandbox(t)
  const files = ['', 'tidypool', randomBytes(3_000_000)].map((content, index) => {
    const file = path.join(box.directory, `${index}.bin`)
    writeFileSync(file, content)
    return file
  })

  const ended = await box.run([cli, 'run', 'examples/checksum.ts', ...files])
  assert.equal(ended.status, 0, ended.stderr)
  const found = results<Checksum>(ended.stdout)
  for (const file of files) {
    const content = readFileSync(file)
    assert.deepEqual(found.get(file)?.value, {
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: content.length,
    })
  }
  await box.nothingIsLeft()
})

test('ledger loses no amount, though workers of two runs add at the same time', async (t) => {
  const box = sandbox(t)
  const file = path.join(box.directory, 'ledger.json')
  const args = [cli, 'run', 'examples/ledger.ts', '--range', '1..40', '-j', '3']
  const ended = await Promise.all([1, 2].map(() => box.run([...args, '--param', `file=${file}`])))
  for (const { status, stderr } of ended) assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { total: 40 * 41 })
  await box.nothingIsLeft()
})

test('checksum tells a caller of the library how far it is', async (t) => {
  const box = sandbox(t)
  const file = path.join(box.directory, 'large.bin')
  writeFileSync(file, randomBytes(20_000_000))

  const ended = await box.run(['--import', 'tsx', 'test/examples/checksum-with-progress.mjs', file])
  assert.equal(ended.status, 0, ended.stderr)
  const { progress, checksum } = JSON.parse(ended.stdout)
  assert.equal(checksum.bytes, 20_000_000)
  assert.ok(progress.length > 0, 'at least one progress value')
  for (const value of progress) {
    assert.equal(value.file, file)
    assert.equal(value.totalBytes, 20_000_000)
    assert.ok(value.readBytes > 0 && value.readBytes <= 20_000_000)
  }
  await box.nothingIsLeft()
})

test('the server answers what it was asked before it ends by SIGTERM', async (t) => {
  const box = sandbox(t)
  const server = box.start([...loader, 'examples/server/server.ts'], { PORT: '0' })
  t.after(() => server.kill('SIGKILL'))
  const ended = once(server, 'exit')
  const url = await listeningAt(server)

  assert.equal((await fetch(`${url}/readyz`)).status, 200)
  assert.equal((await fetch(`${url}/primes?below=many`)).status, 400)
  assert.equal((await fetch(`${url}/`)).status, 404)

  const slow = fetch(`${url}/primes?below=5000000`)
  await until(async () => (await running(url)) === 1, 'a worker to be busy')
  server.kill('SIGTERM')

  const response = await slow
  assert.equal(response.status, 200)
  const { primes }: PrimeCount = JSON.parse(await response.text())
  assert.equal(primes, 348_513)
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  await assert.rejects(fetch(`${url}/healthz`), 'nobody listens any more')
  await box.nothingIsLeft()
})

test('the server stops a computation whose client has left', async (t) => {
  const box = sandbox(t)
  const server = box.start([...loader, 'examples/server/server.ts'], { PORT: '0' })
  t.after(() => server.kill('SIGKILL'))
  const ended = once(server, 'exit')
  const url = await listeningAt(server)

  const client = new AbortController()
  const left = fetch(`${url}/primes?below=1000000000`, { signal: client.signal })
  await until(async () => (await running(url)) === 1, 'a worker to be busy')
  client.abort()
  await assert.rejects(left, { name: 'AbortError' })
  await until(async () => (await running(url)) === 0, 'the worker to be replaced')

  server.kill('SIGTERM')
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  await box.nothingIsLeft()
})

test('each candidate loses its own match and no other', async (t) => {
  const box = sandbox(t)
  const matches = await box.run([...loader, 'examples/solvers/matches.ts'])
  // The hardest sample; each candidate once.
  const input = matches.stdout
    .split('\n')
    .filter((line) => line.includes('/31-moves"'))
    .join('\n')
  const out = path.join(box.directory, 'scores.jsonl')

  const ended = await box.run(
    [cli, 'run', 'examples/solvers/score.ts', '--format', 'jsonl', '--timeout', '8s', '--out', out],
    { input, env: { NODE_OPTIONS: '--max-old-space-size=64' } },
  )
  assert.equal(ended.status, 1, ended.stderr)
  const found = results<Score>(readFileSync(out, 'utf8'))
  const endings = Object.fromEntries(
    Array.from(found, ([id, { value, error }]) => [
      path.dirname(id),
      value?.verdict ??
        [error?.code ?? error?.name, error?.signal ?? error?.exitCode].join(' ').trim(),
    ]),
  )
  assert.deepEqual(endings, {
    'a-star': 'optimal',
    'breadth-first': 'optimal',
    'command-line': 'ERR_WORKER_DIED 0',
    crasher: 'ERR_WORKER_DIED SIGABRT',
    daemon: 'optimal',
    deepening: 'optimal',
    'depth-first': 'RangeError',
    forgetful: 'ERR_WORKER_DIED SIGABRT',
    greedy: 'longer',
    guesser: 'wrong',
    'hill-climber': 'ERR_TASK_TIMEOUT',
    hoarder: 'optimal',
    silent: 'ERR_TASK_TIMEOUT',
  })

  const table = await box.run([...loader, 'examples/solvers/table.ts', out])
  assert.match(table.stdout, /^a-star +1\.00 +1 /m)
  assert.match(table.stdout, /^crasher +0\.00 +0 .* 1 × crashed by SIGABRT$/m)

  // What a task left running in a session of its own is ended with the run, and named.
  assert.match(ended.stderr, /ended: process \d+, sleep 60, which a task had left running/)
  await box.nothingIsLeft()
})

/** The address in the line that the server prints when it is ready. */
async function listeningAt(server: ChildProcess): Promise<string> {
  let said = ''
  for await (const line of createInterface({ input: server.stderr! })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1]
    if (url !== undefined) return url
    said += `${line}\n`
  }
  throw new Error(`the server ended before it listened: ${said}`)
}

/** How many requests are being computed. */
async function running(url: string): Promise<number> {
  const response = await fetch(`${url}/healthz`)
  const stats: { running: number } = JSON.parse(await response.text())
  return stats.running
}
