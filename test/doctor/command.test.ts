/** `tidypool doctor` as users see it: exit codes, one screen, words that say what was done. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { newScope, writeJournal } from '../lifetime/journal-files.ts'
import { Machine, machineNeeds } from './machine.ts'
import { aged, made } from './objects.ts'

const skip = machineNeeds || needs('pid namespace')

test(
  'doctor on a clean machine says so, and what it looked at, with exit code 0',
  { skip },
  async (t) => {
    const machine = await Machine.start(t, { pids: true })
    const { code, stdout, stderr } = await machine.doctor([])
    assert.deepEqual([code, stderr], [0, ''], stdout)
    assert.match(stdout, /^tidypool doctor: nothing found, 9 checks\n/)
    assert.match(stdout, /shared-memory +0 objects in \/dev\/shm\n/)
    assert.ok(stdout.split('\n').length <= 24)
    const fixed = await machine.doctor(['--fix'])
    assert.equal(fixed.code, 0)
  },
)

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['--fix=all'], /--fix.*certain.*likely/],
  [['--only', 'everything'], /--only.*orphans, journals, shared-memory/],
  [['--olny', 'limits'], /unknown option '--olny'.*Did you mean --only/],
  [['now'], /too many arguments/],
]
for (const [args, says] of refused) {
  test(`doctor ${args.join(' ')} is refused in one line with exit code 2`, { skip }, async (t) => {
    const machine = await Machine.start(t)
    const { code, stdout, stderr } = await machine.doctor(args)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, says)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  })
}

test(
  'doctor names each finding, counts them in a table, and counts again after --fix',
  { skip: skip || needs('python3', 'all processes in sight') },
  async (t) => {
    const machine = await Machine.start(t)
    const only = ['--only', 'shared-memory'] as const
    await made(machine, 'die', ...Array.from({ length: 9 }, () => 'loky'))
    await aged(machine)
    const dry = await machine.doctor(only)
    assert.equal(dry.code, 1)
    assert.match(dry.stdout, /^tidypool doctor: 9 findings \(9 certain\)\n/)
    assert.match(
      dry.stdout,
      /certain {2}\/dev\/shm\/sem\.loky-\d+-[a-z]+ \(4\.0 KiB, \d.*s old, of root\)\n +of loky, not in use; process \d+, which made it, has ended\n +→ rm \/dev\/shm\/sem\.loky/,
    )
    assert.match(dry.stdout, /and 3 more \(--verbose names all\)/)
    assert.match(dry.stdout, /\ntotal +9 +9 +0 +0 +36 KiB\n/)
    assert.match(dry.stdout, /A dry run: nothing was changed\. --fix removes 9\.\n$/)
    assert.ok(dry.stdout.split('\n').length <= 30)
    const all = await machine.doctor([...only, '--verbose'])
    assert.equal(all.stdout.match(/→ rm /g)?.length, 9)
    const fixed = await machine.doctor([...only, '--fix'])
    assert.equal(fixed.code, 0)
    assert.match(fixed.stdout, /\nsemaphores +9 +0 +36 KiB\n/)
    assert.match(fixed.stdout, /Left behind before: 9, after: 0\.\n$/)
  },
)

test('doctor whose reader goes away ends normally', { skip }, async (t) => {
  const machine = await Machine.start(t)
  const cli = path.join(import.meta.dirname, '../../dist/cli/main.js')
  const script = '{ "$1" "$2" doctor --verbose --only limits; echo "code $?" >&2; } | true'
  const { stderr } = await machine.run(['bash', '-c', script, 'bash', process.execPath, cli])
  assert.match(stderr, /^code [01]\n$/)
})

/** A journal of an owner that has ended, of the given user. */
function deadJournal(machine: Machine, uid: number): string {
  const file = writeJournal({ state: machine.state, scope: newScope() }, '')
  execFileSync('chown', ['-R', String(uid), machine.state])
  chmodSync(machine.folder, 0o755)
  return file
}

test(
  'without /proc nothing is judged to be unused, nothing is removed, and that is said',
  { skip: skip || needs('python3') },
  async (t) => {
    const machine = await Machine.start(t)
    const [left = ''] = await made(machine, 'die', 'loky')
    await aged(machine)
    const journal = deadJournal(machine, 0)
    await machine.sh('mount -t tmpfs none /proc')
    const report = await machine.report(['--fix=likely'])
    assert.match(report.hidden.join(), /there is no \/proc/)
    assert.ok(report.findings.every(({ certainty }) => certainty === 'unknown'))
    assert.deepEqual(report.before['total'], report.after?.['total'])
    assert.equal(await machine.sh('ls /dev/shm'), left)
    assert.ok(existsSync(journal))
  },
)

test(
  'where /proc hides processes (hidepid) a dead owner is only likely',
  { skip: skip || needs('setpriv', 'another user') },
  async (t) => {
    const hiding = 'mount -o remount,hidepid=2 /proc || mount -t proc -o hidepid=2 proc /proc'
    const machine = await Machine.start(t, { script: hiding })
    const journal = deadJournal(machine, 12_345)
    const user = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups']
    const only = ['--only', 'journals'] as const
    const report = await machine.report([...only, '--fix'], user)
    assert.deepEqual(
      report.findings.map(({ name, certainty }) => [name, certainty]),
      [[journal, 'likely']],
    )
    assert.match(report.hidden.join(), /hidepid/)
    assert.ok(existsSync(journal))
    const likely = await machine.report([...only, '--fix=likely'], user)
    assert.equal(likely.code, 0)
    assert.ok(!existsSync(journal))
  },
)
