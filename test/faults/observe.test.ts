// The observer itself: a row that finds nothing left proves something only if what is left would be found.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { Stage, until } from './observe.ts'

const skip = needs('linux')

test('the observer names a process that is left, and ends it afterwards', { skip }, async () => {
  const cleanUps: (() => unknown)[] = []
  const stage = new Stage({ after: (cleanUp) => cleanUps.push(cleanUp) })
  const parent = await stage.startCommand(
    ['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 & echo ready'],
    {},
  )
  await parent.ended
  await assert.rejects(stage.gone({ allMs: 100 }), /sleep 1000/)
  assert.equal(stage.processes().length, 1)
  for (const cleanUp of cleanUps) await cleanUp()
  assert.equal(stage.processes().length, 0)
  assert.equal(existsSync(stage.folder), false)
})

test('the observer names files and shared memory that are left', { skip }, async (t) => {
  const stage = new Stage(t)
  const shared = `/dev/shm/${stage.tag}`
  t.after(() => rmSync(shared, { force: true }))
  writeFileSync(path.join(stage.tmp, 'left'), '')
  writeFileSync(path.join(stage.stateDir, 'journal'), 'p 1 1\n')
  writeFileSync(shared, '')
  await assert.rejects(stage.gone({ allMs: 1000 }), (error: Error) => {
    assert.match(error.message, /T temporary: .*left/)
    assert.match(error.message, /J journal: .*journal/)
    assert.match(error.message, /S shared memory: /)
    return true
  })
})

test(
  'a process that was started with a cleared environment is seen when it is watched',
  { skip },
  async (t) => {
    const stage = new Stage(t)
    const parent = await stage.startCommand([
      'sh',
      '-c',
      'env -i sleep 1000 >/dev/null 2>&1 & echo ready $!',
    ])
    const pid = await parent.line('ready')
    await parent.ended
    assert.ok(typeof pid === 'number')
    // Until then it has the environment of its parent, and is known for good when it is seen.
    await until(
      () => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleep\n',
      'its environment to be cleared',
    )
    await stage.gone()
    stage.watch(pid)
    await assert.rejects(stage.gone({ allMs: 20 }), new RegExp(String(pid)))
  },
)
