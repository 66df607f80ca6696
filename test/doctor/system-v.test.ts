import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { Machine, machineNeeds } from './machine.ts'
import { made } from './objects.ts'

const skip = machineNeeds || needs('python3')
const only = ['--only', 'system-v'] as const

test(
  'a segment without a key whose maker has ended is likely; with a key it is left to people',
  { skip },
  async (t) => {
    const machine = await Machine.start(t)
    const [left = ''] = await made(machine, 'die', 'shm')
    const [held = ''] = await made(machine, 'wait', 'shm')
    const keyed = /(\d+)$/.exec(await machine.sh('ipcmk -M 4096'))?.[1]
    const set = /(\d+)$/.exec(await machine.sh('ipcmk -S 1'))?.[1]
    const id = (text: string): string => `System V segment ${text.replace('shm ', '')}`
    const dry = await machine.report([...only, '--fix'])
    assert.deepEqual(
      Object.fromEntries(dry.findings.map(({ name, certainty }) => [name, certainty])),
      { [id(left)]: 'likely', [id(keyed ?? '')]: 'unknown' },
    )
    assert.equal(dry.findings.find(({ name }) => name === id(left))?.bytes, 5000)
    assert.ok(dry.checks[0]?.notJudged.some((line) => line.includes(`semaphore set ${set}`)))
    const fixed = await machine.report([...only, '--fix=likely'])
    assert.deepEqual([fixed.code, fixed.after?.['total']?.count], [1, 1])
    const segments = await machine.sh('ipcs -m | grep -c "^0x"')
    assert.equal(segments, '2', 'what lives, and what has a key')
    assert.match(await machine.sh('ipcs -m'), new RegExp(`\\b${held.replace('shm ', '')}\\b`))
  },
)

test('a segment of another user stays', { skip }, async (t) => {
  const machine = await Machine.start(t)
  await machine.sh('setpriv --reuid=12345 --clear-groups ipcmk -M 4096')
  const report = await machine.report([...only, '--fix=likely'])
  assert.equal(report.findings[0]?.owner?.uid, 12_345)
  assert.equal(await machine.sh('ipcs -m | grep -c "^0x"'), '1')
})
