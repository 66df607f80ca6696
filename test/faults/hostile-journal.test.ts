/**
 * E5 and E6: journals that are torn, random, hostile, of a later version; a state directory that is read-only or full;
 * journals that name numbers that somebody else has now. A program starts all the same, and nothing unknown is touched.
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mechanism } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, until } from './observe.ts'
import { sweepIn } from './owners.ts'
import { entriesBelow } from '../helpers/entries-below.ts'

/** The first process reaps, as an init does; whatever is left there ends with it. */
const namespace = [
  'unshare',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  'sh',
  '-c',
  '"$@" & wait $!',
  'sh',
]
const skip = needs('linux', 'root', 'unshare', 'pid namespace')

faultRow(
  { id: 'E5', kind: 'hostile, in a pid namespace', ciRepeats: 1, skip },
  async (t, repeat) => {
    const stage = new Stage(t)
    // The run's own seed, so that each run tries other bytes; a failure names it.
    const seed = `${process.env['TIDYPOOL_FAULTS_SEED'] ?? Date.now()}-${repeat}`
    const program = await stage.start('hostile-journals.mjs', [seed], {
      wrapper: namespace,
      ready: false,
    })
    const end = await program.ended
    await program.drained()
    assert.equal(end.exitCode, 0, `seed ${seed}: ${program.told}`)
    assert.match(program.stdout, /^ready/m)
    await until(() => stage.processes().length === 0, 'P', 2000)
    stage.untouched()
  },
)

faultRow(
  { id: 'E6', kind: 'numbers given to others', repeats: 40, ciRepeats: 1, skip },
  async (t) => {
    const stage = new Stage(t)
    const holder = fileURLToPath(new URL('programs/holder.mjs', import.meta.url))
    const options = { wrapper: namespace, ready: false }
    const program = await stage.start('reused-pid.mjs', [holder], options)
    const end = await program.ended
    await program.drained()
    assert.equal(end.exitCode, 0, program.told)
    assert.match(program.stdout, /^ready/m)
    await until(() => stage.processes().length === 0, 'P', 2000)
    stage.untouched()
  },
)

faultRow(
  { id: 'E6', kind: 'another pid namespace', repeats: 15, ciRepeats: 1, skip },
  async (t) => {
    const stage = new Stage(t)
    // Its first process ends, and takes the owner and its guardian along.
    const program = await stage.start('state-trouble.mjs', ['stay'], { wrapper: namespace })
    const before = stage.journals()
    assert.equal(before.length, 1)
    program.kill('SIGKILL')
    await program.ended
    await until(() => stage.processes().length === 0, 'P', 2000)
    const said = await sweepIn(stage)
    assert.deepEqual(said.processes, [])
    assert.deepEqual(stage.journals(), before, 'what another namespace left is left')
    assert.deepEqual(
      said.journals
        .filter((journal) => before.includes(journal.path))
        .map(({ standing }) => standing),
      ['other-namespace'],
    )
    stage.untouched()
  },
)

interface Said {
  readonly answer: number
  readonly warnings: readonly string[]
  readonly journal: Mechanism
}

const skipMount = needs('linux', 'root', 'unshare', 'mount namespace')

/** Runs a program where the state directory is a file system of its own. */
const onDisk = (options: string, before: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o ${options},mode=700 none "$TIDYPOOL_STATE_DIR" && ${before}; exec "$@"`,
  'sh',
]

const troubles = [
  {
    kind: 'read-only',
    wrapper: onDisk('size=1m', 'mount -o remount,ro "$TIDYPOOL_STATE_DIR"'),
    way: 'stay',
    warning: 'TIDYPOOL_STATE_DIR',
  },
  {
    kind: 'full',
    wrapper: onDisk('size=16k', 'dd if=/dev/zero of="$TIDYPOOL_STATE_DIR/filler" 2>/dev/null'),
    way: 'stay',
    warning: 'TIDYPOOL_STATE_DIR',
  },
  {
    kind: 'full after the start',
    wrapper: onDisk('size=64k', 'true'),
    way: 'fill',
    warning: 'TIDYPOOL_JOURNAL_WRITE',
  },
] as const

for (const { kind, wrapper, way, warning } of troubles) {
  for (const how of ['killed', 'ended'] as const) {
    if (how === 'ended' && way === 'fill') continue
    const ciRepeats = how === 'killed' ? 1 : 0
    const row = { id: 'E5', kind: `${kind}, ${how}`, repeats: 10, ciRepeats, skip: skipMount }
    faultRow(row, async (t) => {
      const stage = new Stage(t)
      const args = [how === 'ended' ? 'end' : way]
      const program = await stage.start('state-trouble.mjs', args, { wrapper: [...wrapper] })
      const said = await program.ready<Said>()
      assert.equal(said.answer, 42)
      assert.deepEqual(said.warnings, [warning], 'it is said once')
      const state =
        way === 'fill' ? stage.stateDir : path.join(stage.tmp, `tidypool-${process.getuid?.()}`)
      assert.ok(said.journal.inForce.startsWith(state), JSON.stringify(said.journal))
      if (how === 'killed') program.kill('SIGKILL')
      const end = await program.ended
      if (how === 'ended') assert.equal(end.exitCode, 0, program.told)
      await until(() => stage.processes().length === 0, 'P', 2000)
      // Its own place in TMPDIR may stay, without a journal: the next program's is the same.
      const inTmp = `tidypool-${process.getuid?.()}`
      const left = () => entriesBelow(stage.tmp).map(({ name }) => name)
      await until(() => !left().some((file) => file.includes('.v1')), 'J', 2000)
      rmSync(path.join(stage.tmp, inTmp), { recursive: true, force: true })
      const { allMs } = await stage.gone({ since: end.at, allMs: 4500 })
      return allMs
    })
  }
}
