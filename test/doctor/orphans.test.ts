/** In a pid namespace: `--fix=likely` must not find what other tests hold. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'
import { programPath, type Held } from '../lifetime/owner.ts'
import { Machine, machineNeeds } from './machine.ts'

const skip = machineNeeds || needs('pid namespace', 'setsid', 'python3', 'ps')
const only = ['--only', 'orphans', '--only', 'journals', '--only', 'scope-directories'] as const

async function owner(machine: Machine): Promise<{ pid: number; held: Held }> {
  const child = machine.start([
    'sh',
    '-c',
    'echo $$; exec "$@"',
    'sh',
    process.execPath,
    programPath('owner.mjs'),
  ])
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const line = await until(() => /^(\d+)\n({.*})\n/.exec(said), 'the owner to hold everything')
  return { pid: Number(line[1]), held: JSON.parse(line[2] ?? '') as Held }
}

/** Whether the process, as it is numbered inside, runs. A zombie has ended. */
async function lives(machine: Machine, pid: number): Promise<boolean> {
  const state = await machine.sh(`cut -d' ' -f3 /proc/${pid}/stat 2>/dev/null || echo gone`)
  return !/^(gone|Z|X)$/.test(state)
}

test('an owner that lives is no finding, and what it holds stays', { skip }, async (t) => {
  const machine = await Machine.start(t, { pids: true })
  const { pid, held } = await owner(machine)
  const report = await machine.report([...only, '--fix=likely'])
  assert.deepEqual([report.code, report.findings], [0, []])
  assert.deepEqual(
    report.checks.flatMap(({ notJudged }) => notJudged),
    [],
    'its journal speaks for each of them',
  )
  for (const each of [pid, held.guardian, held.worker, held.tethered, held.escaped]) {
    assert.ok(await lives(machine, each), `${each} lives`)
  }
  assert.ok(existsSync(held.dir))
})

test(
  'what an owner left that was killed with its guardian is certain, and gone after --fix',
  { skip },
  async (t) => {
    const machine = await Machine.start(t, { pids: true })
    const { pid, held } = await owner(machine)
    const canary = machine.start(['sleep', '100000'])
    await machine.sh(`kill -9 ${held.guardian} ${pid}`)
    const dry = await machine.report(only)
    assert.equal(dry.code, 1)
    const journals = dry.findings.filter(({ kind }) => kind === 'journals')
    assert.equal(journals.length, 1)
    assert.match(journals[0]?.what ?? '', new RegExp(`process ${pid}, has ended`))
    const processes = dry.findings.filter(({ kind }) => kind === 'processes')
    assert.ok(processes.some(({ name }) => name.startsWith(`process ${held.escaped} (sleep 300)`)))
    assert.ok(dry.findings.every(({ certainty }) => certainty === 'certain'))
    assert.ok(await lives(machine, held.escaped), 'a dry run ends nobody')

    const fixed = await machine.report([...only, '--fix'])
    assert.deepEqual([fixed.code, fixed.after?.['total']?.count], [0, 0])
    for (const each of [held.worker, held.tethered, held.escaped]) {
      assert.ok(!(await lives(machine, each)), `${each} has ended`)
    }
    assert.ok(!existsSync(held.dir))
    assert.equal(canary.exitCode ?? canary.signalCode, null)
  },
)

test(
  'a process whose scope nobody knows is likely: --fix leaves it, --fix=likely ends it',
  { skip },
  async (t) => {
    const machine = await Machine.start(t, { pids: true })
    const scope = `${'a'.repeat(32)}.1`
    const pid = await machine.sh(
      `TIDYPOOL_SCOPE=${scope} setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'`,
    )
    const stubborn = await machine.sh(
      `TIDYPOOL_SCOPE=${scope} setsid sh -c '(trap "" TERM; while :; do sleep 1; done) >/dev/null 2>&1 & echo $!'`,
    )
    const certain = await machine.report(['--only', 'orphans', '--fix'])
    assert.deepEqual(
      new Set(certain.findings.map(({ certainty }) => certainty)),
      new Set(['likely']),
    )
    assert.ok(await lives(machine, Number(pid)))
    const likely = await machine.report(['--only', 'orphans', '--fix=likely'])
    assert.deepEqual([likely.code, likely.after?.['total']?.count], [0, 0])
    for (const each of [pid, stubborn]) assert.ok(!(await lives(machine, Number(each))))
  },
)

test('one that a living process without a journal started is not judged', { skip }, async (t) => {
  const machine = await Machine.start(t, { pids: true })
  const child = machine.start([
    'sh',
    '-c',
    `TIDYPOOL_SCOPE=${'b'.repeat(32)} sleep 1000 & echo $!; wait`,
  ])
  const pid = await machine.line(child, 'the child')
  const report = await machine.report(['--only', 'orphans', '--fix=likely'])
  assert.deepEqual(report.findings, [])
  assert.ok(report.checks[0]?.notJudged.some((line) => line.startsWith(`process ${pid} `)))
  assert.ok(await lives(machine, Number(pid)))
})

test('one in a terminal is left to people', { skip }, async (t) => {
  const machine = await Machine.start(t, { pids: true })
  const script = `import os, pty, signal, sys
if pty.fork()[0] == 0:
    if os.fork() == 0:
        if os.fork() == 0:
            os.execvpe("sleep", ["sleep", "1234"], {**os.environ, "TIDYPOOL_SCOPE": "${'c'.repeat(32)}.1"})
        os._exit(0)
    os.wait()
    os.write(1, b"there")
    signal.pause()
sys.stdin.read()`
  machine.start(['python3', '-c', script])
  const pid = await until(
    async () => (await machine.sh('pgrep -f "^sleep 1234" || true')) || undefined,
    'the process in the terminal',
  )
  await until(
    async () => (await machine.sh(`ps -o ppid= -p ${pid}`)) === '1',
    'its parent to have ended',
  )
  const report = await machine.report(['--only', 'orphans', '--fix=likely'])
  assert.deepEqual(
    report.findings.map(({ name, certainty }) => [name, certainty]),
    [[`process ${pid} (sleep 1234)`, 'unknown']],
  )
  assert.equal(report.code, 1)
  assert.ok(await lives(machine, Number(pid)))
})

test(
  'the directory of a scope that nobody names is likely; with a file open in it it is in use',
  { skip },
  async (t) => {
    const machine = await Machine.start(t, { pids: true })
    const folders = ['0123456789ab', '0123456789ac'].map((id) => {
      const folder = path.join(machine.tmp, `tidypool-${id}`)
      mkdirSync(folder, { mode: 0o700 })
      writeFileSync(path.join(folder, 'file'), 'text')
      return folder
    })
    const [left = '', used = ''] = folders
    const child = machine.start([
      'sh',
      '-c',
      'exec 3<"$1"; echo open; read -r x',
      'sh',
      `${used}/file`,
    ])
    await machine.line(child, 'the file to be open')
    const dry = await machine.report([...only, '--fix'])
    assert.deepEqual(
      dry.findings.map(({ name, certainty }) => [name, certainty]),
      [[left, 'likely']],
    )
    assert.equal((await machine.report([...only, '--fix=likely'])).code, 0)
    assert.deepEqual(readdirSync(machine.tmp), [path.basename(used)])
  },
)
