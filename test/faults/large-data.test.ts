/**
 * D12: large data of process workers, in all states of `/dev/shm` and at every moment: what arrives is whole and belongs to its
 * task, what does not arrive is said, and nothing is left of it.
 */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { faultRow, type RepeatContext } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, type StartOptions } from './observe.ts'

interface Said {
  /** How calls ended, and how many did so. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The same when the fault was over. */
  readonly after: Readonly<Record<string, number>>
  readonly killed?: number
  /** Why data went through the pipe. */
  readonly detours: Readonly<Record<string, number>>
}

async function run(t: RepeatContext, way: string, count: number, options: StartOptions = {}) {
  const stage = new Stage(t)
  const program = await stage.start('large-data.mjs', ['process', way, String(count)], options)
  const said = (await program.ready()) as Said
  const end = await program.ended
  assert.equal(end.exitCode, 0, program.told)
  await stage.gone({ since: end.at })
  assert.deepEqual(said.after, { whole: 20 })
  return said
}

const linux = needs('linux')

faultRow(
  { id: 'D12', kind: 'workers killed at random moments', skip: linux, ciRepeats: 1 },
  async (t) => {
    const { outcomes, killed = 0 } = await run(t, 'killed', 60)
    const { whole = 0, ERR_WORKER_DIED: died = 0, ...others } = outcomes
    assert.deepEqual(others, {})
    assert.equal(whole + died, 60)
    assert.ok(died <= killed, `${died} calls lost by ${killed} dead workers`)
  },
)

faultRow(
  { id: 'D12', kind: 'owner killed at random moments', skip: linux, ciRepeats: 1 },
  async (t) => {
    const stage = new Stage(t)
    const program = await stage.start('large-data.mjs', ['process', 'endless'])
    // The moment is the fault: no condition to wait for.
    await delay(Math.random() * 300)
    const since = performance.now()
    program.kill('SIGKILL')
    await program.ended
    return (await stage.gone({ since })).processesMs
  },
)

/** In a mount namespace: what `/dev/shm` is there. */
const mounted = (command: string): readonly string[] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `${command} && exec "$@"`,
  'sh',
]
const mounts = needs('linux', 'root', 'unshare', 'mount namespace')
const states = [
  ['no /dev/shm', mounted('mount -t tmpfs -o ro none /dev/shm'), mounts, 'no-file'],
  [
    '/dev/shm full',
    mounted(
      'mount -t tmpfs -o size=64k none /dev/shm && { yes > /dev/shm/full || true; } 2> /dev/null',
    ),
    mounts,
    'no-room',
  ],
  [
    '/dev/shm smaller than what is sent',
    mounted('mount -t tmpfs -o size=8m none /dev/shm'),
    mounts,
    'no-room',
  ],
  ['files of 2 MiB at most', ['prlimit', '--fsize=2097152'], needs('linux', 'prlimit'), 'failed'],
] as const

for (const [kind, wrapper, skip, why] of states) {
  faultRow({ id: 'D12', kind, skip, ciRepeats: 1, repeats: 10 }, async (t) => {
    const { outcomes, detours } = await run(t, 'whole', 30, { wrapper })
    assert.deepEqual(outcomes, { whole: 30 })
    assert.ok((detours[`arguments ${why}`] ?? 0) > 0, JSON.stringify(detours))
    assert.ok((detours[`results ${why}`] ?? 0) > 0, JSON.stringify(detours))
  })
}
