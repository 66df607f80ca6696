/** Permits: never more than the limit, and back when their holder is dead. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  Budget,
  formatAddress,
  outerBudget,
  ownBudget,
  type Permit,
} from '../../src/lifetime/budget.ts'
import { holdScope } from '../../src/lifetime/scope.ts'
import { stateOf, until } from './conditions.ts'
import { programPath } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

const limits = { limit: 2, share: 1 }

function budgetIn(folder: string, limit: number): Budget {
  const directory = mkdtempSync(path.join(folder, 'budget-'))
  return new Budget({ limit, share: 1, directory })
}

function isPermit(claimed: Permit | 'none' | 'gone'): claimed is Permit {
  return typeof claimed === 'object'
}

/** A program that claims, and the lines that it says. */
function claims(budget: Budget, ...args: string[]): { child: ChildProcess; lines: string[] } {
  const child = spawn(process.execPath, [programPath('claims.mjs'), ...args], {
    env: { ...process.env, TIDYPOOL_BUDGET: formatAddress(budget.address) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')))
  return { child, lines }
}

test('permits are given up to the limit, and again when one came back', (t) => {
  const hold = holdScope('test')
  t.after(() => hold.release())
  const budget = budgetIn(tempFolder(t), 2)
  const scope = () => hold.scope
  const first = budget.claim(scope)
  const second = budget.claim(scope)
  assert.ok(isPermit(first) && isPermit(second))
  assert.equal(budget.claim(scope), 'none')
  first.release()
  first.release()
  const third = budget.claim(scope)
  assert.ok(isPermit(third))
  assert.equal(budget.claim(scope), 'none')
})

test('an outermost owner is counted and never refused', (t) => {
  const hold = holdScope('test')
  t.after(() => hold.release())
  const own = ownBudget(hold.scope, limits)
  const taken = [1, 2, 3].map(() => own.take(hold.scope))
  assert.equal(
    own.claim(() => hold.scope),
    'none',
  )
  for (const permit of taken) permit.release()
  assert.deepEqual(readdirSync(own.address.directory), [])
})

test('a budget that has vanished says so', (t) => {
  const hold = holdScope('test')
  t.after(() => hold.release())
  const budget = budgetIn(tempFolder(t), 2)
  rmSync(budget.address.directory, { recursive: true })
  assert.equal(
    budget.claim(() => hold.scope),
    'gone',
  )
})

test('an address is taken only of a directory that is ours alone', (t) => {
  const folder = tempFolder(t)
  const directory = path.join(folder, 'budget')
  const found = (text: string) => outerBudget({ TIDYPOOL_BUDGET: text })?.address
  assert.equal(found(`2:1:${directory}`), undefined, 'it is not there')
  mkdirSync(directory, { mode: 0o700 })
  assert.deepEqual(found(`2:1:${directory}`), { limit: 2, share: 1, directory })
  symlinkSync(directory, path.join(folder, 'link'))
  assert.equal(found(`2:1:${path.join(folder, 'link')}`), undefined, 'a link')
  chmodSync(directory, 0o777)
  assert.equal(found(`2:1:${directory}`), undefined, 'open to others')
  assert.equal(outerBudget({}), undefined)
  for (const text of ['', '2', '2:1', `-2:1:${folder}`, `2:1:relative`, `1e3:1:${folder}`])
    assert.equal(found(text), undefined, text)
})

test('the permit of a killed process comes back', async (t) => {
  const hold = holdScope('test')
  t.after(() => hold.release())
  const budget = budgetIn(tempFolder(t), 1)
  const { child, lines } = claims(budget, '10000')
  await until(() => lines.length > 0, 'it to have the permit', 30_000)
  assert.equal(
    budget.claim(() => hold.scope),
    'none',
  )
  child.kill('SIGKILL')
  await until(() => isPermit(budget.claim(() => hold.scope)), 'the permit', 30_000)
})

test('the permit of a thread comes back when the thread ends', async (t) => {
  const hold = holdScope('test')
  t.after(() => hold.release())
  const budget = budgetIn(tempFolder(t), 1)
  const thread = new Worker(programPath('claims.mjs'), {
    argv: ['10000'],
    env: { ...process.env, TIDYPOOL_BUDGET: formatAddress(budget.address) },
    stdout: true,
  })
  await once(thread.stdout, 'data')
  assert.equal(
    budget.claim(() => hold.scope),
    'none',
  )
  await thread.terminate()
  await until(() => isPermit(budget.claim(() => hold.scope)), 'the permit', 30_000)
})

for (const killed of [false, true]) {
  test(`eight processes over four permits${killed ? ', killed at random moments' : ''}: never more than four`, async (t) => {
    const folder = tempFolder(t)
    const budget = budgetIn(folder, 4)
    const file = path.join(folder, 'notes')
    writeFileSync(file, '')
    const running = Array.from({ length: 8 }, () => claims(budget, '1500', file).child)
    const ended = running.map((child) => once(child, 'close'))
    await until(() => readFileSync(file, 'utf8') !== '', 'the first permit', 30_000)
    for (const child of killed ? running.slice(0, 4) : []) {
      await delay(Math.random() * 250)
      // Stopped, it notes nothing after this.
      child.kill('SIGSTOP')
      await until(() => stateOf(child.pid ?? 0) === 'T', 'it to be stopped')
      appendFileSync(file, `-${child.pid}\n`)
      child.kill('SIGKILL')
    }
    await Promise.all(ended)
    const { most, taken } = replay(readFileSync(file, 'utf8'))
    assert.ok(most <= 4, `${most} at once`)
    assert.ok(taken >= 8, `${taken} were given`)
    if (!killed) assert.deepEqual(readdirSync(budget.address.directory), [])
  })
}

/** How many were held at once, and taken in all. */
function replay(notes: string): { readonly most: number; readonly taken: number } {
  const holders = new Set<string>()
  let most = 0
  let taken = 0
  for (const line of notes.trim().split('\n')) {
    const pid = line.slice(1)
    if (line.startsWith('+')) {
      holders.add(pid)
      taken += 1
    } else holders.delete(pid)
    most = Math.max(most, holders.size)
  }
  return { most, taken }
}
