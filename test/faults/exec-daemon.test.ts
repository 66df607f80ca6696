// F5: a daemon that is meant to stay, with --allow. It lives and is named; what stands beside it is ended.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startExec } from './exec-command.ts'
import { isRunning, Stage, until } from './observe.ts'

const relay = fileURLToPath(new URL('../supervisor/programs/relay.py', import.meta.url))
/** Both daemons say their numbers, and hold none of our pipes. */
const script = `for name in 1001 1002; do
  setsid sh -c 'echo $$ >"$1"; exec sleep "$1"' sh $name </dev/null >/dev/null 2>&1 &
done
while ! [ -s 1001 ] || ! [ -s 1002 ]; do sleep 0.01; done
until grep -q sleep /proc/$(cat 1001)/comm && grep -q sleep /proc/$(cat 1002)/comm; do sleep 0.01; done
echo "ready {\\"other\\":$(cat 1001),\\"daemon\\":$(cat 1002)}"
$1`

for (const [kind, last, options, expected] of [
  ['the command ends', 'true', [], 0],
  ['the time-out is reached', 'exec sleep 1000', ['--timeout', '2s'], 124],
  ['and --fail-on-leak', 'true', ['--fail-on-leak'], 3],
] as const) {
  const skip = needs('linux', 'setsid')
  faultRow({ id: 'F5', kind, repeats: 20, ciRepeats: 1, skip }, async (t) => {
    const stage = new Stage(t)
    const exec = await startExec(
      stage,
      ['--allow', '^sleep 1002$', '--kill-after', '500ms', ...options],
      ['bash', '-c', script, 'bash', last],
      { ready: true, cwd: stage.folder },
    )
    const { other, daemon } = await exec.ready<{ other: number; daemon: number }>()
    const [others, daemons] = [stage.watch(other), stage.watch(daemon)]
    const end = await exec.ended
    assert.deepEqual([isRunning(others), isRunning(daemons)], [false, true], exec.told)
    await exec.drained()
    assert.equal(end.exitCode, expected, `X: ${exec.told}`)
    const { left, stopped } = exec.report()
    const named = [...left, ...stopped].map(({ pid, how }) => [pid, how])
    assert.deepEqual(
      named.find(([pid]) => pid === daemon),
      [daemon, 'allowed'],
    )
    assert.match(exec.stderr, /sleep 1002: allowed to stay/)
    process.kill(daemon, 'SIGKILL')
    await stage.gone()
  })
}

faultRow(
  {
    id: 'F5',
    kind: 'one that forks all the time',
    repeats: 20,
    ciRepeats: 1,
    skip: needs('cgroup', 'python3'),
  },
  async (t) => {
    const stage = new Stage(t)
    const stop = path.join(stage.folder, 'stop')
    t.after(() => writeFileSync(stop, ''))
    const exec = await startExec(stage, ['--allow', '^python3'], ['python3', relay, stop, '3'])
    const end = await exec.ended
    await exec.drained()
    assert.equal(end.exitCode, 0, exec.told)
    assert.equal(exec.report().containment.name, 'cgroup v2')
    await until(() => stage.journals().length === 0, 'exec and its guardian to have let go')
    const isRelay = () => stage.processes().length > 0
    assert.ok(await until(isRelay, 'the daemon to be seen'), 'it lives')
    writeFileSync(stop, '')
    await stage.gone()
  },
)
