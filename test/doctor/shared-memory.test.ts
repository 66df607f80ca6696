import assert from 'node:assert/strict'
import { chmodSync, closeSync, openSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { sharedMemory } from '../../src/doctor/checks/shared-memory.ts'
import { knownScopes } from '../../src/doctor/scopes.ts'
import { lookAround } from '../../src/doctor/sight.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'
import { Machine, machineNeeds, verdicts } from './machine.ts'
import { aged, made } from './objects.ts'

const python = machineNeeds || needs('python3')
const certain = python || needs('all processes in sight')
const only = ['--only', 'shared-memory'] as const

async function names(machine: Machine): Promise<string[]> {
  return (await machine.sh('ls /dev/shm')).split('\n').toSorted()
}

test(
  'what a killed pool of loky left is certain; --fix takes it to 0 and leaves everybody else’s',
  { skip: certain },
  async (t) => {
    const machine = await Machine.start(t)
    const left = await made(machine, 'die', ...Array.from({ length: 9 }, () => 'loky'), 'joblib')
    const kept = await made(machine, 'wait', 'loky', 'mp', 'psm', 'joblib')
    const [unnamed = ''] = await made(machine, 'die', 'mp')
    await machine.sh('echo canary > /dev/shm/a-database; echo canary > /dev/shm/sem.canary-1')
    await aged(machine)

    const dry = await machine.report(only)
    assert.equal(dry.code, 1)
    assert.deepEqual(dry.hidden, [], 'all processes are in sight')
    for (const { name, failed } of dry.checks) assert.equal(failed, null, name)
    assert.deepEqual(verdicts(dry), {
      ...Object.fromEntries(left.map((name) => [name, 'certain'])),
      [unnamed]: 'likely',
    })
    assert.deepEqual(
      [dry.before['semaphores']?.count, dry.before['directories']?.count, dry.after],
      [10, 1, null],
    )
    assert.equal((await names(machine)).length, 17, 'a dry run changes nothing')
    const folder = dry.findings.find(({ name }) => path.basename(name) === left.at(-1))
    assert.ok(folder && (folder.bytes ?? 0) >= 50_000 && (folder.ageMs ?? 0) >= 5000)
    assert.deepEqual(folder.owner, { uid: 0, user: 'root' })
    assert.match(folder.remedy, /^rm -r \/dev\/shm\/joblib_/)

    const fixed = await machine.report([...only, '--fix'])
    assert.equal(fixed.code, 1, 'what is only likely is left')
    assert.deepEqual([fixed.before['total']?.count, fixed.after?.['total']?.count], [11, 1])
    const canaries = [...kept, 'a-database', 'sem.canary-1']
    assert.deepEqual(await names(machine), [...canaries, unnamed].toSorted())

    const likely = await machine.report([...only, '--fix=likely'])
    assert.deepEqual([likely.code, likely.after?.['total']?.count], [0, 0])
    assert.deepEqual(await names(machine), canaries.toSorted())
  },
)

test(
  'what somebody still has mapped is no finding, though its maker has been killed',
  { skip: python },
  async (t) => {
    const machine = await Machine.start(t)
    const left = await made(machine, 'heir', 'loky', 'psm')
    await aged(machine)
    const report = await machine.report([...only, '--fix=likely'])
    assert.deepEqual([report.code, report.findings], [0, []])
    assert.deepEqual(await names(machine), left.toSorted())
  },
)

test(
  'nothing of another user is removed, not by root either, and the report says whose it is',
  { skip: certain },
  async (t) => {
    const machine = await Machine.start(t)
    const [left = ''] = await made(machine, 'die', 'loky')
    await machine.sh(`chown 12345 /dev/shm/${left}`)
    await aged(machine)
    const report = await machine.report([...only, '--fix=likely'])
    assert.equal(report.code, 1, JSON.stringify(report))
    const [finding] = report.findings
    assert.deepEqual(finding?.owner, { uid: 12_345, user: '12345' })
    assert.deepEqual(finding?.treatment, {
      outcome: 'kept',
      reason: 'it belongs to 12345: run it as that user',
    })
    assert.deepEqual(await names(machine), [left])
  },
)

test(
  'what has the number of a process that began later is likely, as that cannot have made it',
  { skip: certain },
  async (t) => {
    // With process numbers of its own, which nobody else uses up meanwhile; all of them are made use of.
    const machine = await Machine.start(t, { pids: true })
    const start = 'sleep 1000 >/dev/null 2>&1 </dev/null & echo $!'
    const last = Number(await machine.sh('exec sh -c "echo \\$\\$"'))
    const numbers = Array.from({ length: 1000 }, (_, index) => last + 1 + index)
    await machine.sh(
      `for n in ${numbers.join(' ')}; do : > /dev/shm/sem.loky-$n-abcdefgh; done; chmod 600 /dev/shm/*`,
    )
    await aged(machine)
    const later = Number(await machine.sh(start))
    assert.ok(numbers.includes(later), `${later} is one of the numbers`)
    const earlier = Number(await machine.sh(start))
    const young = `/dev/shm/sem.loky-${earlier}-younger0`
    await machine.sh(`: > ${young}`)
    const report = await machine.report(only)
    const judged = verdicts(report)
    const name = `sem.loky-${later}-abcdefgh`
    const found = report.findings.find((finding) => path.basename(finding.name) === name)
    assert.equal(found?.certainty, 'likely')
    assert.match(found.what, /began after it was made/)
    assert.equal(judged[path.basename(young)], undefined, 'a living process may have made it')
  },
)

test(
  'a segment without a number is left to people while an older Python runs that may know its name',
  { skip: python },
  async (t) => {
    const machine = await Machine.start(t)
    await made(machine, 'wait')
    const [segment = '', semaphore = ''] = await made(machine, 'die', 'psm', 'mp')
    await aged(machine)
    const report = await machine.report([...only, '--fix=likely'])
    assert.deepEqual(verdicts(report), { [segment]: 'unknown', [semaphore]: 'likely' })
    assert.deepEqual(await names(machine), [segment])
  },
)

test(
  'a number is not certain while a container has the same /dev/shm',
  { skip: certain || needs('pid namespace') },
  async (t) => {
    const machine = await Machine.start(t)
    const [left = ''] = await made(machine, 'die', 'loky')
    const container = machine.start([
      'unshare',
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      'sh',
      '-c',
      'echo there; exec sleep 1000',
    ])
    await machine.line(container, 'the container')
    await aged(machine)
    const report = await machine.report([...only, '--fix'])
    assert.deepEqual(verdicts(report), { [left]: 'likely' })
    assert.match(report.findings[0]?.what ?? '', /a container may have one/)
    assert.deepEqual(await names(machine), [left])
  },
)

test(
  'an ordinary user, who cannot look into all processes, is never certain and sees only what is theirs',
  { skip: python || needs('setpriv', 'another user') },
  async (t) => {
    const machine = await Machine.start(t)
    const [mine = '', open = '', roots = ''] = await made(machine, 'die', 'loky', 'loky', 'loky')
    await machine.sh(`chmod 1777 /dev/shm; chown 12345 /dev/shm/${mine} /dev/shm/${open}`)
    await machine.sh(`chmod 666 /dev/shm/${open}`)
    for (const folder of [machine.folder, machine.tmp]) chmodSync(folder, 0o755)
    await aged(machine)
    const user = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups']
    const report = await machine.report([...only, '--fix'], user)
    assert.deepEqual(verdicts(report), { [mine]: 'likely', [open]: 'unknown' })
    assert.ok(report.hidden.length > 0)
    assert.ok(report.checks[0]?.notJudged.some((line) => line.includes(roots)))
    assert.equal((await names(machine)).length, 3)
    const likely = await machine.report([...only, '--fix=likely'], user)
    assert.equal(likely.after?.['total']?.count, 1)
    assert.deepEqual(await names(machine), [open, roots].toSorted())
  },
)

test('what is opened after the look stays, and so does what has changed', async (t) => {
  const folder = tempFolder(t)
  const file = path.join(folder, 'sem.mp-abcdefgh')
  const changed = path.join(folder, 'sem.mp-abcdefgi')
  for (const each of [file, changed]) writeFileSync(each, '', { mode: 0o600 })
  const sight = lookAround()
  const ground = { sharedMemory: folder, temporary: folder, sight, scopes: knownScopes(sight) }
  const { findings } = await sharedMemory.run({ ...ground, nowMs: Date.now() + 60_000 })
  assert.deepEqual(
    findings.map(({ certainty }) => certainty),
    ['likely', 'likely'],
  )
  utimesSync(changed, 1, 1)
  const fd = openSync(file, 'r')
  t.after(() => closeSync(fd))
  const outcomes = await Promise.all(findings.map(async ({ fix }) => await fix?.()))
  assert.deepEqual(outcomes, [
    { left: 'it is in use now' },
    { left: 'it has changed since it was looked at' },
  ])
  assert.equal(readdirSync(folder).length, 2)
})
