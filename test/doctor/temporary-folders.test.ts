import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { Machine, machineNeeds, verdicts } from './machine.ts'
import { aged, made } from './objects.ts'

const python = machineNeeds || needs('python3')
const only = ['--only', 'temporary-folders'] as const

test(
  'folders of Python in TMPDIR are likely, and gone after --fix=likely',
  { skip: python || needs('pid namespace') },
  async (t) => {
    // An older Python of another test might have made them: so none is to be seen.
    const machine = await Machine.start(t, { pids: true })
    const [left = ''] = await made(machine, 'die', 'pymp')
    const mine = path.join(machine.tmp, 'pymp-mine')
    mkdirSync(mine)
    await aged(machine, machine.tmp)
    const dry = await machine.report([...only, '--fix'])
    assert.deepEqual([dry.code, verdicts(dry)], [1, { [left]: 'likely' }])
    assert.ok(existsSync(path.join(machine.tmp, left)))
    const fixed = await machine.report([...only, '--fix=likely'])
    assert.equal(fixed.code, 0)
    assert.ok(!existsSync(path.join(machine.tmp, left)))
    assert.ok(existsSync(mine), 'a name that Python does not give')
  },
)

const holders: readonly (readonly [how: string, script: string])[] = [
  ['has as working directory', 'import os; os.chdir(folder)'],
  ['has a file open in', 'file = open(folder + "/file")'],
  [
    'has a file mapped in',
    'import mmap; file = open(folder + "/file"); m = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ); file.close()',
  ],
  [
    'listens in',
    'import socket; s = socket.socket(socket.AF_UNIX); s.bind(folder + "/listener-1"); s.listen()',
  ],
]
for (const [how, script] of holders) {
  test(`a folder that a process ${how} is no finding`, { skip: python }, async (t) => {
    const machine = await Machine.start(t)
    const folder = path.join(machine.tmp, 'pymp-abcdefgh')
    mkdirSync(folder)
    writeFileSync(path.join(folder, 'file'), 'text')
    const child = machine.start([
      'python3',
      '-c',
      `import sys; folder = sys.argv[1]; ${script}; print("held", flush=True); sys.stdin.read()`,
      folder,
    ])
    await machine.line(child, 'the folder to be held')
    assert.deepEqual((await machine.report(only)).findings, [])
  })
}
