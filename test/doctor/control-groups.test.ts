import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { controlGroups } from '../../src/doctor/checks/control-groups.ts'
import { runDoctor } from '../../src/doctor/doctor.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { controlHierarchies } from '../../src/os/control-groups.ts'
import { needs } from '../helpers/needs.ts'

/** Not within the group of a command: those go with it, and are no findings. */
const own = controlHierarchies()
  .find(({ version }) => version === 2)
  ?.folder.replace(/\/tidypool-.*/, '')
const skip = needs('linux', 'cgroup')

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

/** Found on the machine itself, where other tests have groups of their own: only this one is looked at, and fixed. */
async function findingOn(folder: string): Promise<Finding | undefined> {
  const { findings } = await runDoctor({ checks: [controlGroups], fix: 'none' })
  return findings.find(({ name }) => name === folder)
}

test('an empty control group of nobody is certain, and gone after its fix', { skip }, async (t) => {
  const folder = groupLeft(t)
  const finding = await findingOn(folder)
  assert.equal(finding?.certainty, 'certain')
  assert.equal(await finding.fix?.(), 'fixed')
  assert.ok(!existsSync(folder))
  assert.equal(await finding.fix?.(), 'gone')
})

test('a control group with a process in it, or a new one, is no finding', { skip }, async (t) => {
  const child = spawn('sleep', ['100000'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const folder = groupLeft(t)
  const found = await findingOn(folder)
  writeFileSync(path.join(folder, 'inner', 'cgroup.procs'), `${child.pid}\n`)
  assert.equal(await findingOn(folder), undefined)
  assert.deepEqual(await found?.fix?.(), { left: 'a process is in it now' })
  child.kill('SIGKILL')
  await ended
  mkdirSync(path.join(folder, 'inner'), { recursive: true })
  utimesSync(folder, 0, Date.now() / 1000)
  assert.equal(await findingOn(folder), undefined)
  assert.ok(existsSync(folder))
})
