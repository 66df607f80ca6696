import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { cleanUpScript } from '../../src/lifetime/clean-up-script.ts'
import { bootId, machineId, pidNamespace, processWorld } from '../../src/os/machine.ts'
import { isGone, startOf, until } from './conditions.ts'
import { makeRoot, newScope, startVictim, sweepWith, writeJournal } from './journal-files.ts'
import { runProgram } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** A sweep as a program starts it: the public `sweep()` with its own state directory. */
async function publicSweep(state: string) {
  const { stdout, stderr, exitCode } = await runProgram('sweep.mjs', [], {
    TIDYPOOL_STATE_DIR: state,
  })
  assert.equal(exitCode, 0, stderr)
  return JSON.parse(stdout) as {
    journals: number
    processes: { pid: number; how: string }[]
    directories: string[]
  }
}

test('sweep() ends and removes what a dead owner left, and reports it', async (t) => {
  const state = tempFolder(t)
  const scope = newScope()
  const recorded = startVictim(t)
  const carrier = startVictim(t, { env: { TIDYPOOL_SCOPE: scope } })
  const { root, record } = makeRoot(tempFolder(t), scope)
  writeJournal({ state, scope }, recorded.record + record)
  const report = await publicSweep(state)
  assert.deepEqual(report.directories, [root])
  assert.equal(report.journals, 1)
  assert.deepEqual(
    new Map(report.processes.map(({ pid, how }) => [pid, how])),
    new Map([
      [recorded.pid, 'recorded'],
      [carrier.pid, 'found'],
    ]),
  )
  await until(() => isGone(recorded.pid) && isGone(carrier.pid), 'both processes to be gone')
  assert.ok(!existsSync(root))
  assert.deepEqual(await publicSweep(state), {
    journals: 0,
    processes: [],
    directories: [],
    failed: [],
  })
})

test('an owner that lives is untouched, also when it is stopped or busy', async (t) => {
  const state = tempFolder(t)
  const owner = startVictim(t)
  const held = startVictim(t)
  const identity = { pid: owner.pid, startTime: startOf(owner.pid) }
  const file = writeJournal({ state, scope: newScope(), owner: identity }, held.record)
  process.kill(owner.pid, 'SIGSTOP')
  assert.deepEqual(sweepWith(['sh'], [file]), [])
  assert.equal((await publicSweep(state)).journals, 0)
  assert.ok(existsSync(file))
  assert.ok(!isGone(held.pid))
})

test('an owner whose number another process has now is dead, and that process is untouched', (t) => {
  const state = tempFolder(t)
  const stranger = startVictim(t)
  const held = startVictim(t)
  const owner = { pid: stranger.pid, startTime: String(Number(startOf(stranger.pid)) - 1) }
  const file = writeJournal({ state, scope: newScope(), owner }, held.record)
  assert.ok(sweepWith(['sh'], [file]).includes(`journal ${path.basename(file)}`))
  assert.ok(!isGone(stranger.pid))
})

test('processes of another boot or pid namespace are untouched; of an earlier boot only directories go', async (t) => {
  const state = tempFolder(t)
  const victim = startVictim(t)
  const earlier = '01234567-89ab-cdef-0123-456789abcdef'
  const otherNamespace = writeJournal(
    { state, scope: newScope(), world: `${bootId()}-1` },
    victim.record,
  )
  const scopes = { ours: newScope(), recent: newScope(), foreign: newScope() }
  const parent = tempFolder(t)
  const roots = Object.fromEntries(
    Object.entries(scopes).map(([name, scope]) => [name, makeRoot(parent, scope)]),
  )
  const world = `${earlier}-${pidNamespace()}`
  const journal = (name: keyof typeof scopes, machine: string) =>
    writeJournal(
      { state, scope: scopes[name], world },
      `m ${machine}\n${victim.record}${roots[name]?.record}`,
    )
  const ours = journal('ours', machineId())
  const recent = journal('recent', machineId())
  const foreign = journal('foreign', '0123456789abcdef')
  // Nothing of an earlier boot was written in this one.
  for (const file of [ours, foreign]) utimesSync(file, 1000, 1000)
  const report = await publicSweep(state)
  assert.deepEqual(report.directories, [roots['ours']?.root])
  assert.deepEqual(report.processes, [])
  assert.ok(!isGone(victim.pid))
  assert.deepEqual(
    [otherNamespace, ours, recent, foreign].map((file) => existsSync(file)),
    [true, false, true, true],
  )
})

test('journals of a later version and files of others are left alone', async (t) => {
  const state = tempFolder(t)
  const victim = startVictim(t)
  const later = writeJournal({ state, scope: newScope(), suffix: '.v2' }, victim.record)
  const other = path.join(path.dirname(later), 'notes.txt')
  writeFileSync(other, victim.record)
  assert.equal((await publicSweep(state)).journals, 0)
  assert.deepEqual(sweepWith(['sh'], [later, other]), [])
  assert.ok(existsSync(later) && existsSync(other) && !isGone(victim.pid))
})

/** Journals that take a while to work through, as the directories have many files. */
function manyJournals(state: string, parent: string, count: number) {
  return Array.from({ length: count }, () => {
    const scope = newScope()
    const { root, record } = makeRoot(parent, scope)
    for (let index = 0; index < 50; index++) writeFileSync(path.join(root, `f${index}`), '')
    mkdirSync(path.join(root, 'folder'))
    return { root, file: writeJournal({ state, scope }, record) }
  })
}

function startSweep(files: readonly string[]) {
  const child = spawn('sh', ['-c', cleanUpScript, 'tidypool-sweep', 'sweep', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, ended: once(child, 'exit'), output: text(child.stdout) }
}

test('two sweeps at once do each thing once', async (t) => {
  const state = tempFolder(t)
  const journals = manyJournals(state, tempFolder(t), 15)
  const files = journals.map(({ file }) => file)
  const sweeps = [startSweep(files), startSweep(files), startSweep(files.toReversed())]
  const outputs = await Promise.all(sweeps.map(async ({ output }) => output))
  const done = outputs.flatMap((output) =>
    output.split('\n').filter((line) => line.startsWith('journal ')),
  )
  assert.deepEqual(
    done.toSorted(),
    files.map((file) => `journal ${path.basename(file)}`).toSorted(),
  )
  assert.deepEqual(
    journals.filter(({ root }) => existsSync(root)),
    [],
  )
  assert.deepEqual(readdirSync(path.join(state, processWorld())), [])
})

test('what a sweep that was killed half way left is finished by the next one', async (t) => {
  const state = tempFolder(t)
  const journals = manyJournals(state, tempFolder(t), 15)
  const first = startSweep(journals.map(({ file }) => file))
  await until(() => journals.some(({ root }) => !existsSync(root)), 'the sweep to have begun')
  first.child.kill('SIGKILL')
  await first.ended
  const left = journals.filter(({ file }) => existsSync(file)).length
  assert.ok(left > 0, 'it was killed too late to show anything')
  await publicSweep(state)
  assert.deepEqual(
    journals.filter(({ root }) => existsSync(root)),
    [],
  )
  assert.deepEqual(readdirSync(path.join(state, processWorld())), [])
})

test('a sweep that somebody stopped is ended and its work taken over', async (t) => {
  const state = tempFolder(t)
  const [journal] = manyJournals(state, tempFolder(t), 1)
  const stopped = startVictim(t)
  process.kill(stopped.pid, 'SIGSTOP')
  const scope =
    path
      .basename(journal?.file ?? '')
      .split('-')[2]
      ?.slice(0, 32) ?? ''
  const victim = startVictim(t)
  writeJournal(
    { state, scope, suffix: `.v1~${stopped.pid}-${startOf(stopped.pid)}` },
    victim.record,
  )
  await publicSweep(state)
  await until(() => isGone(stopped.pid), 'the stopped sweep to be ended')
  await until(() => isGone(victim.pid), 'its work to be done')
  assert.deepEqual(readdirSync(path.join(state, processWorld())), [])
})
