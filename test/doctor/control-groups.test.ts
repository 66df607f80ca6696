import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { controlHierarchies } from '../../src/os/control-groups.ts'
import { needs } from '../helpers/needs.ts'
import { Machine, machineNeeds, verdicts, type Report } from './machine.ts'

const own = controlHierarchies().find(({ version }) => version === 2)?.folder
const skip = machineNeeds || needs('cgroup')
const only = ['--only', 'control-groups'] as const

/** As a tidypool leaves it that ended together with all around it. */
function groupLeft(t: TestContext): string {
  const folder = path.join(own ?? '', `tidypool-${randomBytes(6).toString('hex')}`)
  mkdirSync(path.join(folder, 'inner'), { recursive: true })
  t.after(() => {
    for (const one of [path.join(folder, 'inner'), folder]) if (existsSync(one)) rmdirSync(one)
  })
  utimesSync(folder, 0, Date.now() / 1000 - 3600)
  return folder
}

/** Other tests have groups of their own. */
function verdictOn(folder: string, report: Report): string | undefined {
  return verdicts(report)[path.basename(folder)]
}

test('an empty control group of nobody is certain, and gone after --fix', { skip }, async (t) => {
  const machine = await Machine.start(t, { controlGroups: true })
  const folder = groupLeft(t)
  assert.equal(verdictOn(folder, await machine.report(only)), 'certain')
  await machine.report([...only, '--fix'])
  assert.ok(!existsSync(folder))
})

test('a control group with a process in it, or a new one, is no finding', { skip }, async (t) => {
  const machine = await Machine.start(t, { controlGroups: true })
  const folder = groupLeft(t)
  const child = spawn('sleep', ['100000'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  writeFileSync(path.join(folder, 'inner', 'cgroup.procs'), `${child.pid}\n`)
  utimesSync(folder, 0, Date.now() / 1000 - 3600)
  const fixed = await machine.report([...only, '--fix'])
  assert.equal(verdictOn(folder, fixed), undefined)
  child.kill('SIGKILL')
  await ended
  utimesSync(folder, 0, Date.now() / 1000)
  assert.equal(verdictOn(folder, await machine.report(only)), undefined)
  assert.ok(existsSync(folder))
})
