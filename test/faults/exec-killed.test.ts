/**
 * F6: the command line itself is killed, alone, with its group, or together with its guardian: what it supervised ends all the
 * same, and what nobody was left to end does at the next start.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, levels, python, startExec, type Exec } from './exec-command.ts'
import { isRunning, processLimitMs, promiseMs, Stage, until, type Seen } from './observe.ts'
import { guardiansOf, killBoth, sweepIn } from './owners.ts'

const skip = needs('linux', 'setsid')

/** A busy root, a child, a child in a session of its own, and one that ignores what can be ignored. */
const script = `deaf() { trap '' TERM INT HUP; while :; do sleep 0.1; done; }
sleep 1001 & setsid sleep 1002 & deaf & echo ready; while :; do :; done`

async function startBusy(stage: Stage): Promise<Exec> {
  const exec = await startExec(stage, [], ['bash', '-c', script], { ready: true, detached: true })
  const commands = () => stage.processes().map(({ command }) => command)
  await until(
    () => [/^sleep 1001/, /^sleep 1002/].every((one) => commands().some((text) => one.test(text))),
    'all of it to be there',
  )
  return exec
}

const rootOf = (stage: Stage, exec: Exec): Seen | undefined =>
  stage.processes().find(({ pid, command }) => pid !== exec.pid && command.startsWith('bash -c'))

for (const group of [false, true]) {
  const kind = group ? 'the command line, its group' : 'the command line'
  faultRow({ id: 'F6', kind, repeats: 50, ciRepeats: 2, skip }, async (t, repeat) => {
    const stage = new Stage(t)
    const exec = await startBusy(stage)
    const limit = processLimitMs()
    const since = performance.now()
    process.kill(group ? -exec.pid : exec.pid, 'SIGKILL')
    const end = await exec.ended
    assert.equal(end.signal, 'SIGKILL', exec.told)
    const { processesMs } = await stage.gone({ since, processesMs: limit })
    if (repeat === 0) await stage.nextStart()
    return processesMs
  })
}

for (const first of ['guardian', 'owner'] as const) {
  const kind = `guardian and command line, ${first === 'owner' ? 'the command line' : first} first`
  faultRow({ id: 'F6', kind, repeats: 50, ciRepeats: 1, skip }, async (t) => {
    const stage = new Stage(t)
    const exec = await startBusy(stage)
    const root = rootOf(stage, exec)
    assert.ok(root, 'the root is seen')
    const at = await killBoth(stage, exec, first)
    // What has the kernel's parent-death signal dies by it.
    await until(() => !isRunning(root), 'the root to end by its tether', promiseMs)
    const tookMs = performance.now() - at
    assert.deepEqual(guardiansOf(stage), [])
    await sweepIn(stage)
    await stage.gone()
    return tookMs
  })
}

faultRow(
  {
    id: 'F6',
    kind: 'the command line, at random moments of its start',
    repeats: 200,
    ciRepeats: 6,
    skip,
  },
  async (t) => {
    const stage = new Stage(t)
    const exec = await startExec(stage, [], ['bash', '-c', script], { detached: true })
    // The moment is the fault: no condition to wait for.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
    const since = performance.now()
    exec.kill('SIGKILL')
    await exec.ended
    return (await stage.gone({ since })).processesMs
  },
)

/** What hides best, when nobody but the guardian is left to look for it. */
for (const level of levels) {
  const row = { id: 'F6', kind: `the command line, ${level}, a hidden daemon`, ciRepeats: 1 }
  const lack = lacks(level) || needs('linux', 'python3')
  faultRow({ ...row, repeats: 10, skip: lack }, async (t) => {
    const stage = new Stage(t)
    const file = path.join(stage.folder, 'pid')
    const words = python('escapes.py', 'environment cleared', '0', file)
    const exec = await startExec(stage, [], words, {
      ready: true,
      env: { TIDYPOOL_CONTAINMENT: level },
    })
    const { left } = await exec.ready<{ left: number }>()
    const escaped = stage.watch(left)
    exec.kill('SIGKILL')
    const { at } = await exec.ended
    await until(
      () => stage.processes().every(({ pid }) => pid === left),
      'all else to end',
      promiseMs,
    )
    // Only the kernel, and who holds the command, know whose it was.
    const isPromised = level === 'cgroup' || level === 'perl'
    if (isPromised) await until(() => !isRunning(escaped), 'its end', promiseMs)
    t.diagnostic(`${level}: ${isRunning(escaped) ? 'left' : 'ended'}`)
    if (isRunning(escaped)) process.kill(left, 'SIGKILL')
    return (await stage.gone({ since: isPromised ? at : performance.now() })).allMs
  })
}
