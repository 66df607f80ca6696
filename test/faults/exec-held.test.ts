/** D4, F6, H4: a command that perl holds, where processes of ours stand between it and the command line. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, python, startExec, type Exec } from './exec-command.ts'
import { isRunning, promiseMs, Stage, until, type Seen } from './observe.ts'
import { kill } from './owners.ts'

const env = { TIDYPOOL_CONTAINMENT: 'perl' }
const skip = needs('linux', 'python3') || lacks('perl')
const row = { repeats: 20, ciRepeats: 2, skip }

/** A command with a daemon that only its holder knows of. */
interface Held {
  readonly stage: Stage
  readonly exec: Exec
  readonly front: Seen
  readonly holder: Seen
  readonly daemon: Seen
}

async function startHeld(t: ConstructorParameters<typeof Stage>[0]): Promise<Held> {
  const stage = new Stage(t)
  const file = path.join(stage.folder, 'pid')
  const words = python('escapes.py', 'environment cleared', '0', file)
  const exec = await startExec(stage, ['--kill-after', '500ms'], words, {
    stdin: 'pipe',
    ready: true,
    env,
  })
  const { left } = await exec.ready<{ left: number }>()
  const daemon = stage.watch(left)
  const holder = stage.watch(parentOf(left))
  const front = stage.watch(parentOf(holder.pid))
  assert.equal(parentOf(front.pid), exec.pid)
  return { stage, exec, front, holder, daemon }
}

const parentOf = (pid: number): number =>
  Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1])

faultRow({ id: 'D4', kind: 'exec, held, its front is killed', ...row }, async (t) => {
  const { stage, exec, front, holder, daemon } = await startHeld(t)
  kill(front, 'SIGKILL')
  const end = await exec.ended
  assert.deepEqual([isRunning(daemon), isRunning(holder)], [false, false])
  assert.equal(end.signal, 'SIGKILL', exec.told)
  assert.ok(exec.report().left.some(({ pid }) => pid === daemon.pid))
  return (await stage.gone({ since: end.at })).allMs
})

/** In each order: the holder is not to be ended before what it holds. */
for (const [kind, victims] of [
  ['the command line', ['exec']],
  ['the command line and what is known of the holder', ['exec', 'front']],
  ['what is known of the holder and the command line', ['front', 'exec']],
] as const) {
  faultRow({ id: 'F6', kind: `exec, held, ${kind}`, ...row }, async (t) => {
    const { stage, exec, front, holder, daemon } = await startHeld(t)
    const since = performance.now()
    for (const victim of victims) {
      if (victim === 'exec') exec.kill('SIGKILL')
      else kill(front, 'SIGKILL')
    }
    await exec.ended
    await until(() => !isRunning(daemon) && !isRunning(holder), 'their end', promiseMs)
    return (await stage.gone({ since })).allMs
  })
}

faultRow({ id: 'D4', kind: 'exec, held, its holder is killed', ...row }, async (t) => {
  const { stage, exec, holder, daemon } = await startHeld(t)
  kill(holder, 'SIGKILL')
  const end = await exec.ended
  assert.equal(end.signal, 'SIGKILL', exec.told)
  // With the holder went the only one who knew whose it was.
  kill(daemon, 'SIGKILL')
  return (await stage.gone({ since: end.at })).allMs
})

faultRow({ id: 'D4', kind: 'exec, held, its holder is stopped', ...row }, async (t) => {
  const stage = new Stage(t)
  const script = 'echo "ready {}"; exec sleep 1003'
  const options = ['--timeout', '1s', '--kill-after', '200ms']
  const exec = await startExec(stage, options, ['sh', '-c', script], { ready: true, env })
  const command = await until(
    () => stage.processes().find((seen) => seen.command.startsWith('sleep 1003')),
    'the command',
  )
  kill(stage.watch(parentOf(command.pid)), 'SIGSTOP')
  const end = await exec.ended
  await exec.drained()
  assert.deepEqual([end.exitCode, end.signal], [124, null], exec.told)
  assert.equal(exec.report().timedOut, true)
  return (await stage.gone({ since: end.at })).allMs
})

/** What the kernel and the shell tell a command of its place, but for what is another one each time. */
const place = `env -0 | sort -z | tr '\\0' '\\n' | grep -v '^TIDYPOOL_'; echo "_ $_"; ulimit -a; pwd; umask
grep -E '^(Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Umask)' /proc/self/status; tr '\\0' ' ' </proc/$$/cmdline
ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/; s/[0-9]*\\]//; s/proc.*/proc/'
read -r pid name state parent group session rest </proc/$$/stat; [ $session = $pid ] && echo leads $((group - pid))`

faultRow({ id: 'H4', kind: 'exec, held, all else is as if it were not', ...row }, async (t) => {
  const stage = new Stage(t)
  const told: string[] = []
  for (const level of ['tree', 'perl']) {
    const exec = await startExec(stage, [], ['bash', '-c', place], {
      ready: false,
      env: {
        TIDYPOOL_CONTAINMENT: level,
        // What perl goes by itself, and what it would complain of.
        PERL5OPT: '-d',
        PERL_UNICODE: 'SDA',
        LC_ALL: 'xx_YY.UTF-8',
        'odd.name': 'two\nlines',
        PERL5LIB: "it's ü",
      },
    })
    const end = await exec.ended
    await exec.drained()
    assert.deepEqual([end.exitCode, end.signal], [0, null], exec.told)
    assert.match(exec.stdout, /^leads 0$/m)
    told.push(exec.stdout + exec.stderr)
  }
  assert.equal(told[1], told[0])
})
