import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, processesWith, resultsIn, until, type Bench } from './command.ts'
import { command } from './installed.ts'
import { terminal, type Terminal } from './tmux.ts'

const skip = needs('tmux')

function lines({ read }: Bench, name: string): string[] {
  try {
    return read(name).split('\n').filter(Boolean)
  } catch {
    return [] // not there yet
  }
}

/** The command, typed at a prompt that has noted the terminal's modes. */
function typeRun(term: Terminal, ...args: readonly string[]): void {
  term.type('stty -a > before')
  term.type(`${command()} run ${args.join(' ')}`)
}

/** Waits for the prompt, and asks there how it ended and what the terminal's modes are now. */
async function ended(b: Bench, term: Terminal, status: number): Promise<void> {
  await term.shows(/ready>$/)
  term.type('echo "status $?"; stty -a > after')
  await term.shows(new RegExp(`^status ${status}$`, 'm'))
  await until(() => lines(b, 'after').length > 0, 'the modes of the terminal')
  assert.equal(b.read('after'), b.read('before'))
  assert.ok(term.cursorIsVisible())
}

async function twoRun(b: Bench): Promise<void> {
  await until(() => lines(b, 'ledger').length === 2, 'two tasks to run')
}

const busyArgs = '--range 1..10 -j 2 --param ledger=ledger --out out.jsonl'

test(
  'terminal: Ctrl-C once ends the run tidily and gives the terminal back as it was',
  {
    skip,
  },
  async (t) => {
    const b = bench(t)
    const term = await terminal(b)
    typeRun(term, 'tasks.mjs#waits', busyArgs, '--kill-after 100ms')
    await twoRun(b)
    await term.shows(/░.*2 running/)
    term.press('C-c')
    await ended(b, term, 130)
    await term.shows(/To go on: tidypool run/)
    await term.shows(/0 left behind/)
    assert.doesNotMatch(term.screen(), /░/, 'the live lines are gone')
  },
)

test('terminal: Ctrl-C twice ends it at once', { skip }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  typeRun(term, 'tasks.mjs#loops', busyArgs, '--kill-after 1h')
  await twoRun(b)
  term.press('C-c')
  await term.shows(/once more to end at once/)
  // A hand takes longer; the same signal within 100 ms is taken for the same one.
  const shownAt = performance.now()
  await until(() => performance.now() - shownAt > 150, 'a moment to pass')
  term.press('C-c')
  await ended(b, term, 130)
  await until(() => workersOf(b).length === 0, 'the workers to be gone')
})

test('terminal: Ctrl-\\ ends it at once, too', { skip }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  term.type('ulimit -c 0')
  typeRun(term, 'tasks.mjs#loops', busyArgs)
  await twoRun(b)
  term.press('C-\\')
  await ended(b, term, 131)
  await until(() => workersOf(b).length === 0, 'the workers to be gone')
})

test(
  'terminal: Ctrl-Z stops the workers too, fg goes on, and the stopped time does not count',
  {
    skip,
  },
  async (t) => {
    const b = bench(t)
    b.write(
      'half.mjs',
      `import { appendFileSync } from 'node:fs'
     export default async (input, { ledger }) => {
       appendFileSync(ledger, input + '\\n')
       await new Promise((resolve) => setTimeout(resolve, 700))
       return input
     }`,
    )
    const term = await terminal(b)
    const limits = '--timeout 4s --deadline 6s'
    typeRun(term, 'half.mjs --range 1..4 -j 2 --param ledger=ledger --out out.jsonl', limits)
    await twoRun(b)
    term.press('C-z')
    await term.shows(/Stopped/)
    await until(
      () => workersOf(b).length > 0 && workersOf(b).every((pid) => stateOf(pid) === 'T'),
      'the workers to be stopped',
    )
    const since = performance.now()
    await until(() => performance.now() - since > 7000, 'longer than both limits')
    assert.ok(lines(b, 'out.jsonl').length < 4)
    term.type('fg')
    await until(
      () => lines(b, 'out.jsonl').length === 4,
      () => `four results\n${term.screen()}`,
    )
    await ended(b, term, 0)
    assert.deepEqual(
      resultsIn(b.read('out.jsonl')).map(({ status }) => status),
      ['ok', 'ok', 'ok', 'ok'],
    )
  },
)

test('terminal: a run that is killed while it is stopped leaves nothing', { skip }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  typeRun(term, 'tasks.mjs#loops', busyArgs)
  await twoRun(b)
  term.press('C-z')
  await term.shows(/Stopped/)
  term.type('kill -9 %1')
  await until(() => workersOf(b).length === 0, 'the workers to be gone')
})

test('terminal: when it closes, nothing is left', { skip }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  typeRun(term, 'tasks.mjs#loops', busyArgs, '--kill-after 100ms')
  await twoRun(b)
  term.close()
  await b.nothingIsLeft()
})

for (const [where, pipe] of [
  ['the terminal', ''],
  ['a program that writes to the terminal', '| cut -c1-70'],
] as const) {
  test(
    `terminal: results that go to ${where} are not mixed up with progress`,
    {
      skip,
    },
    async (t) => {
      const b = bench(t)
      const term = await terminal(b)
      typeRun(term, 'tasks.mjs#works --range 1..30 -j 2 --param ledger=ledger', pipe)
      await ended(b, term, 0)
      const ids = [...term.screen().matchAll(/^\{"schemaVersion":1,"id":"(\d+)"/gm)]
      assert.deepEqual(
        ids.map((match) => Number(match[1])).toSorted((one, other) => one - other),
        Array.from({ length: 30 }, (_, n) => n + 1),
      )
    },
  )
}

test('terminal: NO_COLOR is honoured', { skip }, async (t) => {
  const b = bench(t)
  const term = await terminal(b)
  typeRun(term, 'tasks.mjs#alwaysFails --range 1..3 --out out.jsonl 2>&1 | tee said')
  await term.shows(/clean-up/)
  await until(() => lines(b, 'said').some((line) => line.includes('clean-up')), 'the summary')
  assert.ok(!b.read('said').includes('\u001B'))
})

function workersOf(b: Bench): number[] {
  return processesWith(b.env['TIDYPOOL_TEST_BENCH'] ?? '')
    .filter((line) => line.includes('process-entry'))
    .map((line) => Number(/^\d+/.exec(line)?.[0]))
}

function stateOf(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
