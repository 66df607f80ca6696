/**
 * K3: little is left when workers are to start. An executor with a worker goes on with those it has, one without any fails
 * with what was short; neither takes the last of it, and neither hangs.
 */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { limitedGroup, type LimitedGroup } from '../helpers/limited-group.ts'
import { needs } from '../helpers/needs.ts'
import { Stage } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

interface Refusal {
  readonly attempt: number
  readonly next: string
  readonly code: string
  readonly resource: string
  readonly left: number
  readonly needed: number
  readonly limit: number
  readonly where: string
}

interface First {
  readonly outcomes: readonly Outcome[]
  readonly causes: readonly string[]
  readonly refusals: readonly Refusal[]
  /** Workers at the same time. */
  readonly most: number
  readonly tookMs: number
}

type Context = Parameters<Parameters<typeof faultRow>[1]>[0]
const MiB = 2 ** 20
/** Threads of Node's own: up to Node 20 it loads modules with four more. */
const ofNode = Number(process.versions.node.split('.')[0]) < 22 ? 11 : 7

async function twelveTasks(
  t: Context,
  kind: string,
  wrapper: readonly string[],
  options: object = {},
): Promise<First> {
  const stage = new Stage(t)
  // An ordinary user writes here, too, and has no state directory.
  chmodSync(stage.folder, 0o777)
  const env = wrapper.includes('setpriv')
    ? { TIDYPOOL_STATE_DIR: undefined, TMPDIR: stage.folder }
    : {}
  const given = [kind, JSON.stringify(options)]
  const program = await stage.start('pressure.mjs', given, { wrapper, env })
  const first = (await program.line('first')) as First
  const end = await program.ended
  assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
  await stage.gone({ since: end.at })
  return first
}

function allDone({ outcomes }: First): void {
  for (const { status, message } of outcomes) assert.equal(status, 'fulfilled', message)
}

function isShort(first: First, resource: string): Refusal {
  // The look can be a moment too early: then the kernel refuses, and the next look is told.
  const one = first.refusals.find(({ code }) => code === 'ERR_PRESSURE')
  assert.equal(one?.code, 'ERR_PRESSURE', JSON.stringify(first.refusals))
  assert.equal(one.resource, resource)
  assert.ok(one.left < one.needed && one.needed > 0, JSON.stringify(one))
  return one
}

async function inGroup(
  t: Context,
  controller: 'pids' | 'memory',
  limit: number,
): Promise<LimitedGroup> {
  const group = limitedGroup(controller)
  assert.ok(group)
  t.after(() => group.remove())
  group.setLimit(limit)
  return group
}

/** Asked once: a group is made and removed for it. */
async function cannotLimit(controller: 'pids' | 'memory'): Promise<string | false> {
  const group = limitedGroup(controller)
  await group?.remove()
  return group ? false : `no control group that limits ${controller} can be made here`
}

const noPids = await cannotLimit('pids')
const noMemory = await cannotLimit('memory')

faultRow(
  { id: 'K3', kind: 'process, pids.max 40', repeats: 10, ciRepeats: 1, skip: noPids },
  async (t) => {
    const group = await inGroup(t, 'pids', 40)
    const first = await twelveTasks(t, 'process', group.wrapper)
    allDone(first)
    assert.ok(first.most < 4, `${first.most} workers`)
    isShort(first, 'processes')
    assert.equal(first.refusals[0]?.where, path.join(group.folder, 'pids.max'))
    assert.ok(first.refusals.every(({ next }) => next === 'later'))
    return first.tookMs
  },
)

faultRow(
  { id: 'K3', kind: 'process, pids.max with no room', repeats: 10, ciRepeats: 1, skip: noPids },
  async (t) => {
    const group = await inGroup(t, 'pids', ofNode + 6)
    const stage = new Stage(t)
    const program = await stage.start('pressure.mjs', ['process', '{}', stage.folder], {
      ready: false,
      wrapper: group.wrapper,
    })
    const first = (await program.line('first')) as First
    for (const { code, attempts } of first.outcomes)
      assert.deepEqual([code, attempts], ['ERR_WORKER_START', 5], program.told)
    assert.deepEqual(new Set(first.causes), new Set(['ERR_PRESSURE']))
    assert.ok(first.tookMs >= 1500, `back-off: only ${first.tookMs} ms`)
    isShort(first, 'processes')
    // One to begin with and one at the end; that others were put off meanwhile is told once.
    const told = first.refusals.filter(({ next }) => next !== 'later')
    assert.deepEqual(
      told.map(({ attempt, next }) => [attempt, next]),
      [
        [1, 'retry'],
        [5, 'none'],
      ],
    )
    group.setLimit('max')
    writeFileSync(path.join(stage.folder, 'more'), '')
    assert.equal(((await program.line('next')) as Outcome).value, 'next')
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    await stage.gone({ since: end.at })
    return first.tookMs
  },
)

// Three of four threads can fit into 64 MiB beside the program, sometimes all four.
for (const [kind, limitMiB] of [
  ['process', 64],
  ['thread', 48],
] as const) {
  const row = `${kind}, memory.max ${limitMiB} MiB`
  faultRow({ id: 'K3', kind: row, repeats: 10, ciRepeats: 1, skip: noMemory }, async (t) => {
    const group = await inGroup(t, 'memory', limitMiB * MiB)
    const first = await twelveTasks(t, kind, group.wrapper)
    allDone(first)
    assert.ok(first.most < 4, `${first.most} workers`)
    isShort(first, 'memory')
    return first.tookMs
  })
}

faultRow(
  {
    id: 'K3',
    kind: 'process, descriptors in reserve',
    repeats: 10,
    ciRepeats: 1,
    skip: needs('linux'),
  },
  async (t) => {
    const few = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
    const first = await twelveTasks(t, 'process', few, { reserve: { descriptors: 28 } })
    allDone(first)
    assert.ok(first.most < 4, `${first.most} workers`)
    isShort(first, 'descriptors')
    return first.tookMs
  },
)

for (const kind of ['process', 'thread'] as const) {
  const skip = needs('another user', 'prlimit', 'setpriv')
  faultRow({ id: 'K3', kind: `${kind}, ulimit -u`, repeats: 10, ciRepeats: 1, skip }, async (t) => {
    // An ordinary user that nobody else is: root is not limited.
    const uid = String(20_000 + (process.pid % 10_000))
    const as = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
    // Node itself takes 11, the guardian 1.
    const limit = kind === 'process' ? 40 : ofNode + 3
    const first = await twelveTasks(t, kind, ['prlimit', `--nproc=${limit}`, ...as])
    allDone(first)
    assert.ok(first.most < 4, `${first.most} workers`)
    assert.equal(isShort(first, 'processes').where, 'ulimit -u')
    return first.tookMs
  })
}
