/**
 * F4: the pools of Python, ended in every way: bare, and under `exec`. Bare, most ends leave something; under `exec` each cell
 * must be empty. Both are looked at in the same way, from outside.
 *
 * `npm test` tries some of the cells, `npm run faults -- F4` all of them; `node bench/python-proof.mjs` prints the table.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import {
  BARE,
  countLeft,
  describeLeft,
  execMode,
  pythonPool,
  runTrial,
  type Result,
} from './proof/run-trial.mjs'
import { KINDS, WAYS, type Way } from './proof/ways.mjs'

const skip = needs(
  'linux',
  'root',
  'timeout',
  'unshare',
  'pid namespace',
  'mount namespace',
  'python3-joblib',
)

/** What leaves something when nobody helps, whatever the pool: its workers. */
const leavesWorkers = new Set(['os._exit', 'SIGTERM', 'SIGKILL', 'SIGKILL, and of trackers'])
/** What leaves nobody running, but no tracker either to remove names. */
const leavesNames = new Set(['SIGKILL to the group'])

/** The cells that `npm test` tries: each way once at least, and each pool. */
const inShort: Readonly<Record<string, readonly string[]>> = {
  'futures-fork': ['SIGTERM', 'SIGKILL of a worker'],
  'futures-spawn': ['normal end', 'SIGKILL to the group', 'timeout 3s'],
  'futures-forkserver': ['exception', 'SIGKILL', 'SIGINT'],
  'pool-fork': ['os._exit', 'SIGINT to the group'],
  'pool-spawn': ['SIGKILL of the command under it, and of trackers', 'rapid start and stop'],
  shared_memory: ['SIGKILL, and of trackers', 'SIGKILL of the command under it'],
  loky: ['normal end', 'SIGKILL to the group of the command under it', 'timeout -k 1s 3s'],
  'joblib-memmap': ['SIGKILL to the group', 'rapid start and stop, SIGTERM'],
}

describe('F4', { concurrency: 1 }, () => {
  for (const kind of KINDS) {
    for (const way of WAYS) {
      const ciRepeats = inShort[kind]?.includes(way.name) === true ? 1 : 0
      const row = { id: 'F4', kind: `${kind}, ${way.name}`, repeats: 3, ciRepeats, skip }
      faultRow({ ...row, limitMs: 240_000 }, async (t) => {
        const command = pythonPool(kind, way)
        if (way.isWrappedOnly !== true) {
          const bare = await runTrial({ command, mode: BARE, way })
          t.diagnostic(`${kind}, ${way.name}: bare ${describeLeft(bare.left)}`)
          requireTried(bare, way)
          if (isLeaky(kind, way)) assert.ok(countLeft(bare.left) > 0, 'bare, something is left')
        }
        const exec = await runTrial({ command, mode: execMode(kind, way), way })
        t.diagnostic(`${kind}, ${way.name}: under exec ${describeLeft(exec.left)}`)
        requireTried(exec, way)
        assert.equal(describeLeft(exec.left), '0', JSON.stringify(exec, undefined, 1))
        // A program that cleans up by itself is not told that it did not.
        if (way.how === 'normal' || way.name === 'rapid start and stop')
          assert.deepEqual(
            [exec.exitCode, exec.report?.ended, exec.report?.removed],
            [0, 0, 0],
            exec.output,
          )
      })
    }
  }
})

function isLeaky(kind: string, { name }: Way): boolean {
  // What is forked has semaphores without a name.
  return leavesWorkers.has(name) || (leavesNames.has(name) && !kind.endsWith('-fork'))
}

/** What was to be done to it has been done: a program that fails by itself leaves nothing, too. */
function requireTried({ wasBusy, targets, output }: Result, way: Way): void {
  if (way.signal !== undefined) assert.ok(wasBusy && targets > 0, `it was busy: ${output}`)
  if (way.name.includes('trackers')) assert.ok(targets >= 1, output)
}
