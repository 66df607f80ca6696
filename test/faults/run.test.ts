/** Faults of a whole `tidypool run`, on the packed and installed package. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'

import { bench, resultsIn, until, type Bench } from '../cli/command.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'

const INPUTS = 40

function args(...more: readonly string[]): string[] {
  return [
    'run',
    'tasks.mjs#works',
    '--input',
    'in.txt',
    '-j',
    '2',
    '--param',
    'ledger=ledger',
    '--out',
    'out.jsonl',
    ...more,
  ]
}

/** Two of each line, which are inputs of their own. */
function writeInputs(b: Bench): void {
  b.write('in.txt', Array.from({ length: INPUTS }, (_, n) => `line ${n >> 1}\n`).join(''))
}

function wholeLines(b: Bench): string {
  try {
    const text = readFileSync(b.file('out.jsonl'), 'utf8')
    return text.slice(0, text.lastIndexOf('\n') + 1)
  } catch {
    return '' // not made yet
  }
}

function sizeOf(b: Bench): number {
  return statSync(b.file('out.jsonl'), { throwIfNoEntry: false })?.size ?? 0
}

/** Kills it somewhere between its first moment and its last. */
async function killSometime(b: Bench, runArgs: readonly string[], spreadMs: number): Promise<void> {
  const started = b.start(runArgs)
  const timer = setTimeout(() => started.child.kill('SIGKILL'), Math.random() * spreadMs)
  await started.ended
  clearTimeout(timer)
}

faultRow(
  {
    id: 'B6',
    kind: 'tidypool run, killed at random moments, then --resume',
    repeats: 200,
    ciRepeats: 4,
    skip: needs('linux'),
  },
  async (t) => {
    const b = bench(t)
    writeInputs(b)
    let before = ''
    for (let kill = 0; kill < 2; kill++) {
      await killSometime(b, args('--resume'), 700)
      const now = wholeLines(b)
      assert.ok(now.startsWith(before), 'a result that was in the file is gone')
      before = now
    }
    const last = await b.run(args('--resume'))
    assert.equal(last.code, 0, last.stderr)
    const text = b.read('out.jsonl')
    assert.ok(text.startsWith(before), 'a result that was in the file is gone')
    const results = resultsIn(text)
    assert.equal(results.length, INPUTS, 'as many results as inputs')
    assert.equal(new Set(results.map(({ id }) => id)).size, INPUTS, 'no input twice')
    assert.ok(results.every(({ status }) => status === 'ok'))
    await b.nothingIsLeft()
  },
)

faultRow(
  {
    id: 'B6',
    kind: 'tidypool run, killed while it writes many results at once, then --resume',
    repeats: 50,
    ciRepeats: 2,
    skip: needs('linux'),
  },
  async (t) => {
    const b = bench(t)
    const inputs = Array.from({ length: 4000 }, (_, n) => `line ${n} ${'x'.repeat(900)}\n`)
    b.write('in.txt', inputs.join(''))
    const noop = ['run', 'tasks.mjs#noop', '--input', 'in.txt', '--out', 'out.jsonl', '--resume']
    const started = b.start(noop)
    const enough = Math.random() * 2 ** 23
    await until(() => sizeOf(b) > enough || started.child.exitCode !== null, 'results', 60_000, 1)
    started.child.kill('SIGKILL')
    await started.ended
    await b.nothingIsLeft()
    const before = wholeLines(b)
    assert.doesNotThrow(() => resultsIn(before), 'half a line in the middle')
    const last = await b.run(noop)
    assert.equal(last.code, 0, last.stderr)
    const text = b.read('out.jsonl')
    assert.ok(text.startsWith(before), 'a result that was in the file is gone')
    const results = resultsIn(text)
    assert.equal(results.length, inputs.length, 'as many results as inputs')
    assert.equal(new Set(results.map(({ id }) => id)).size, inputs.length, 'no input twice')
  },
)

faultRow(
  { id: 'B8', kind: 'timeout around tidypool run', ciRepeats: 2, skip: needs('linux', 'timeout') },
  async (t) => {
    const b = bench(t)
    writeInputs(b)
    const polite = await b.run(args('--resume'), {
      under: ['timeout', '-k', '5s', `${(0.2 + Math.random()).toFixed(2)}s`],
    })
    assert.ok(polite.code === 124 || polite.code === 0, `${polite.code} ${polite.stderr}`)
    const kept = wholeLines(b)
    assert.equal(kept.length, sizeOf(b))
    const rough = await b.run(args('--resume'), {
      under: ['timeout', '-s', 'KILL', `${(0.1 + Math.random() / 2).toFixed(2)}s`],
    })
    assert.ok(
      rough.code === 137 || rough.signal === 'SIGKILL' || rough.code === 0,
      `${rough.code} ${rough.signal}`,
    )
    assert.ok(wholeLines(b).startsWith(kept))
    assert.equal((await b.run(args('--resume'))).code, 0)
    assert.equal(new Set(resultsIn(b.read('out.jsonl')).map(({ id }) => id)).size, INPUTS)
    assert.equal(resultsIn(b.read('out.jsonl')).length, INPUTS)
  },
)

faultRow(
  {
    id: 'B10',
    kind: 'tidypool run as process 1',
    ciRepeats: 2,
    skip: needs('linux', 'pid namespace'),
  },
  async (t) => {
    const b = bench(t)
    const waits = ['run', 'tasks.mjs#waits', '--range', '1..4', '-j', '2', '--kill-after', '100ms']
    const started = b.start([...waits, '--param', 'ledger=ledger'], {
      under: ['unshare', '--pid', '--fork', '--mount-proc'],
    })
    await until(() => ledgerLines(b) === 2, 'two tasks to run')
    const child = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8')
    process.kill(Number(child), 'SIGTERM')
    const ended = await started.ended
    assert.equal(ended.code, 143, ended.stderr)
    await b.nothingIsLeft()
  },
)

faultRow(
  {
    id: 'B6',
    kind: 'tidypool run of commands, killed at random moments, then --resume',
    repeats: 200,
    ciRepeats: 3,
    skip: needs('linux', 'setsid'),
  },
  async (t) => {
    const b = bench(t)
    writeInputs(b)
    const script = 'setsid sleep 1000 & sleep 1000 & sleep 0.02; echo "$0" >> done'
    const options = ['run', '--input', 'in.txt', '-j', '2', '--out', 'out.jsonl', '--resume']
    const command = [...options, '--', 'sh', '-c', script]
    let before = ''
    for (let kill = 0; kill < 2; kill++) {
      await killSometime(b, command, 1200)
      await b.nothingIsLeft()
      const now = wholeLines(b)
      assert.ok(now.startsWith(before), 'a result that was in the file is gone')
      before = now
    }
    const last = await b.run(command)
    assert.equal(last.code, 0, last.stderr)
    const results = resultsIn(b.read('out.jsonl'))
    assert.equal(new Set(results.map(({ id }) => id)).size, INPUTS, 'no input twice')
    assert.equal(results.length, INPUTS, 'as many results as inputs')
    const ran = b.read('done').trimEnd().split('\n').length
    assert.ok(ran >= INPUTS, `${ran} commands have run`)
    await b.nothingIsLeft()
  },
)

function ledgerLines({ read }: Bench): number {
  try {
    return read('ledger').trimEnd().split('\n').length
  } catch {
    return 0 // not there yet
  }
}
