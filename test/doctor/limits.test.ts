import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { measureControlGroups } from '../../src/doctor/limits/control-groups.ts'
import { controlHierarchies } from '../../src/os/control-groups.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'
import { Machine, machineNeeds } from './machine.ts'

const only = ['--only', 'limits'] as const

test(
  'a /dev/shm that is nearly full is found, with how full it is; below 80 % it is only measured',
  { skip: machineNeeds },
  async (t) => {
    const machine = await Machine.start(t, { sharedMemory: '-o size=1m' })
    const before = await machine.report(only)
    const measured = before.measures.find(({ name }) => name === 'space in /dev/shm')
    assert.deepEqual([measured?.used, measured?.limit], [0, 1_048_576])
    assert.ok(!before.findings.some(({ name }) => name.includes('/dev/shm')))
    await machine.sh('dd if=/dev/zero of=/dev/shm/large bs=1024 count=900 status=none')
    const report = await machine.report([...only, '--fix=likely'])
    const finding = report.findings.find(({ name }) => name === 'space in /dev/shm')
    assert.match(finding?.what ?? '', /^8[78] % of it is used/)
    assert.equal(finding?.kind, 'limits')
    assert.equal(finding?.treatment.outcome, 'kept')
    assert.equal(report.code, 1)
    assert.equal(await machine.sh('ls /dev/shm'), 'large')
    assert.equal(report.before['total']?.count, 0, 'a limit is nothing that was left')
  },
)

test(
  'a process that has nearly all of its descriptors open is named',
  { skip: machineNeeds },
  async (t) => {
    const machine = await Machine.start(t)
    const script = 'ulimit -n 20; for n in 3 4 5 6 7 8 9; do eval "exec $n</dev/null"; done'
    const more =
      'exec 10</dev/null 11</dev/null 12</dev/null 13</dev/null 14</dev/null 15</dev/null'
    const child = machine.start(['bash', '-c', `${script}; ${more}; echo open; exec sleep 1000`])
    await machine.line(child, 'the files to be open')
    const { findings } = await machine.report(only)
    const finding = findings.find(({ name }) => name.includes(`process ${child.pid} `))
    assert.match(finding?.what ?? '', /^8\d % of it is used \(\/proc\/\d+\/limits\)$/)
  },
)

/** Where a group of our own can be made whose processes are counted. */
function groupOfOurs(): string | undefined {
  for (const { version, controllers, folder } of controlHierarchies()) {
    if (version === 1 && !controllers.includes('pids')) continue
    try {
      const made = mkdtempSync(path.join(folder, 'tidypool-test-'))
      try {
        writeFileSync(path.join(made, 'pids.max'), '10')
        return made
      } catch {
        rmdirSync(made) // this hierarchy does not count processes
      }
    } catch {
      continue // closed to us
    }
  }
  return undefined
}

const group = machineNeeds === false ? groupOfOurs() : undefined
test(
  'the limit of a control group is found through the table of mounts, in the group and above it',
  { skip: group === undefined ? 'no control group can be made here' : false },
  async (t) => {
    assert.ok(group !== undefined)
    const inner = path.join(group, 'inner')
    t.after(() => {
      rmdirSync(inner)
      rmdirSync(group)
    })
    mkdirSync(inner)
    writeFileSync(path.join(group, 'pids.max'), '12')
    const machine = await Machine.start(t, { controlGroups: true })
    // Node itself has eleven threads or so.
    const under = ['sh', '-c', 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', 'sh', inner]
    const { findings, measures } = await machine.report(only, under)
    const name = 'processes and threads of the control group'
    const measure = measures.find((one) => one.name === name && one.limit === 12)
    assert.ok(measure && measure.used >= 7, JSON.stringify(measures))
    const isNear = measure.used / measure.limit >= 0.8
    assert.equal(
      findings.some((one) => one.name === name),
      isNear,
    )
  },
)

test('limits of version 1 and version 2 are read at every level', (t) => {
  const root = tempFolder(t)
  const folders = ['', 'a', 'a/b'].map((name) => path.join(root, name))
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'cgroup.procs'), '')
  }
  const [, outer = '', inner = ''] = folders
  const write = (folder: string, files: Record<string, string>): void => {
    for (const [name, text] of Object.entries(files))
      writeFileSync(path.join(folder, name), `${text}\n`)
  }
  write(inner, {
    'pids.current': '5',
    'pids.max': 'max',
    'memory.current': '1000',
    'memory.max': '2000',
    'memory.stat': 'anon 1\ninactive_file 400',
  })
  write(outer, {
    'pids.current': '9',
    'pids.max': '10',
    'memory.usage_in_bytes': '1000',
    'memory.limit_in_bytes': '9223372036854771712',
  })
  const figures = (version: 1 | 2, controllers: readonly string[]) =>
    measureControlGroups([{ version, controllers, mountPoint: outer, folder: inner }]).map(
      ({ used, limit }) => [used, limit],
    )
  assert.deepEqual(figures(2, []), [
    [600, 2000],
    [9, 10],
  ])
  assert.deepEqual(figures(1, ['memory']), [], 'what is no limit in version 1 is none')
  assert.deepEqual(figures(1, ['pids']), [[9, 10]])
})

test(
  'an ordinary user’s own limit counts all of the user’s threads',
  { skip: machineNeeds || needs('setpriv', 'prlimit', 'another user') },
  async (t) => {
    const machine = await Machine.start(t)
    const under = ['prlimit', '--nproc=50', 'setpriv', '--reuid=23456', '--clear-groups']
    const { measures } = await machine.report(only, under)
    const measure = measures.find(({ name }) => name === 'processes and threads of this user')
    assert.equal(measure?.limit, 50)
    assert.ok(measure.used >= 5 && measure.used < 50, `${measure.used} threads of this Node alone`)
  },
)
