/**
 * D4: a command leaves a process behind, in each form of the table of escapes in docs/exec.md, at each level of
 * containment. What a level promises to find is gone when `exec` ends, and named; what it does not promise is not counted
 * against it, and ended by the test.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, levels, python, startExec } from './exec-command.ts'
import { isOverloaded, isRunning, Stage } from './observe.ts'

interface Form {
  readonly name: string
  /** How long the processes between live, in milliseconds: with none, nobody sees whose child it was. */
  readonly holdMs: number
  /** Found by looking from outside alone: by its parents, its session or its environment. */
  readonly isSeenFromOutside: boolean
  readonly needsRoot?: boolean
}

/** Longer than the looks of `exec` are apart, on a machine with much to look at. */
const heldMs = 4000
const forms: readonly Form[] = [
  { name: 'plain', holdMs: 0, isSeenFromOutside: true },
  { name: 'own group', holdMs: 0, isSeenFromOutside: true },
  { name: 'own session', holdMs: 0, isSeenFromOutside: true },
  // From here on in a session of their own as well.
  { name: 'double fork', holdMs: 0, isSeenFromOutside: true },
  { name: 'descriptors closed', holdMs: 0, isSeenFromOutside: true },
  { name: 'environment cleared', holdMs: 0, isSeenFromOutside: false },
  { name: 'environment cleared', holdMs: heldMs, isSeenFromOutside: true },
  { name: 'setuid nobody', holdMs: 0, isSeenFromOutside: false, needsRoot: true },
  { name: 'setuid nobody', holdMs: heldMs, isSeenFromOutside: true, needsRoot: true },
]

/** So that no row is left out because a level was not found that is there. */
test('each level that this machine has is in force', { skip: needs('linux') }, () => {
  if (canMakeGroups()) assert.equal(lacks('cgroup'), false)
  if (canLoad('koffi')) assert.equal(lacks('subreaper'), false)
  if (needs('perl') === false) assert.equal(lacks('perl'), false)
  assert.equal(lacks('tree'), false)
})

/** Tried by hand, where the hierarchy shows its root. */
function canMakeGroups(): boolean {
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1]
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]
  if (mount === undefined || own === undefined) return false
  const folder = path.join(mount, own, `tidypool-test-${process.pid}`)
  try {
    mkdirSync(folder)
    rmdirSync(folder)
    return true
  } catch {
    return false // it may not be written to, or shows another part
  }
}

function canLoad(name: string): boolean {
  try {
    createRequire(import.meta.url)(name)
    return true
  } catch {
    return false // an optional package
  }
}

for (const level of levels) {
  const lack = lacks(level)
  for (const { name, holdMs, isSeenFromOutside, needsRoot = false } of forms) {
    // Where the kernel knows them all, it makes no difference.
    if (holdMs > 0 && level !== 'tree') continue
    const isPromised = level !== 'tree' || isSeenFromOutside
    const skip = lack || needs('linux', 'python3', ...(needsRoot ? (['root'] as const) : []))
    const kind = `exec, ${level}, ${name}${holdMs > 0 ? ', held' : ''}`
    faultRow({ id: 'D4', kind, repeats: 10, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const file = path.join(stage.folder, 'pid')
      const exec = await startExec(
        stage,
        ['--kill-after', '500ms'],
        python('escapes.py', name, String(holdMs), file),
        { stdin: 'pipe', ready: true, env: { TIDYPOOL_CONTAINMENT: level } },
      )
      const { left } = await exec.ready<{ left: number }>()
      const escaped = stage.watch(left)
      assert.ok(isRunning(escaped), 'it is there')
      exec.go()
      const end = await exec.ended
      const isLeft = isRunning(escaped)
      await exec.drained()
      assert.deepEqual([end.exitCode, end.signal], [0, null], exec.told)
      const report = exec.report()
      const isNamed = report.left.some(({ pid }) => pid === left)
      t.diagnostic(`${kind}: ${isLeft ? 'left' : 'ended'}, by ${report.containment.name}`)
      // Looks take a hundredth of the time, so that there are few on a machine that is busy.
      const isSlow = holdMs > 0 && isOverloaded()
      if (isPromised && !isSlow)
        assert.deepEqual({ isLeft, isNamed }, { isLeft: false, isNamed: true })
      // Left in silence is what no level does that has found it.
      if (isNamed) assert.equal(isLeft, false, exec.told)
      if (isLeft) process.kill(left, 'SIGKILL')
      return (await stage.gone({ since: end.at })).allMs
    })
  }
}
