/**
 * K3: the operating system refuses to start a worker. The tasks get a typed error after the back-off, nothing is half
 * started, this program goes on, and so does the executor when the fault is over.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { AuditReport, ShutdownReport } from 'tidypool'
import { nativeCalls } from '../../src/os/native.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, type Program, type StartOptions } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

interface Said {
  readonly outcomes: readonly Outcome[]
  readonly next: Outcome
  readonly report: ShutdownReport
  readonly tookMs: number
  readonly levels: AuditReport['levels']
}

type Context = Parameters<Parameters<typeof faultRow>[1]>[0]

async function run(t: Context, args: readonly string[], options: StartOptions = {}) {
  const stage = new Stage(t)
  const [kind = '', how = '', when = 'before'] = args
  const own = [kind, how, stage.folder, when]
  const program = await stage.start('spawn-refused.mjs', own, options)
  const said = (await program.ready()) as Said
  const end = await program.ended
  assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
  assert.equal(said.next.value, 'next', program.told)
  await stage.gone({ since: end.at })
  // It was a passing fault: what was found out meanwhile must not stay.
  assert.equal(said.levels.guardian.inForce, 'sh')
  if (!needs('setpriv')) assert.equal(said.levels.tether.inForce, 'parent-death signal')
  return { ...said, stage, program }
}

function isRefused({ outcomes, tookMs }: Said, message: RegExp): void {
  for (const outcome of outcomes) {
    assert.equal(outcome.code, 'ERR_WORKER_START')
    assert.match(outcome.message ?? '', message)
    assert.equal(outcome.attempts, 5)
  }
  assert.ok(tookMs > 1500, `back-off: only ${tookMs} ms`)
}

/** By a process of the same user: others, root in a container among them, may not change its limits. */
async function setLimit(stage: Stage, program: Program, as: readonly string[], word: string) {
  const pid = String(await program.line(word))
  const hard = /^Max processes\s+\w+\s+(\w+)/m.exec(
    readFileSync(`/proc/${pid}/limits`, 'utf8'),
  )?.[1]
  const value = word === 'limited' ? '1' : hard
  const [file, ...args] = [...as, 'prlimit', '--pid', pid, `--nproc=${value}:`]
  execFileSync(file, args)
  writeFileSync(path.join(stage.folder, word), '')
}

const full = process.env['TIDYPOOL_FAULTS'] === 'full'
// 64 at most, or it takes long to open them all; 10 and more are open already.
const fewDescriptors = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
const spares = full ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20] : [5, 9]

for (const spare of spares) {
  const how = `EMFILE ${spare}`
  for (const kind of ['process', 'thread'] as const) {
    if (kind === 'thread' && (full ? spare % 4 !== 0 : spare !== 5)) continue
    faultRow(
      { id: 'K3', kind: `${kind}, ${how} left`, repeats: 3, ciRepeats: 1, skip: needs('linux') },
      async (t) => {
        const said = await run(t, [kind, how], { wrapper: fewDescriptors })
        // With enough of them it just works.
        const isStarted = said.outcomes.every(({ status }) => status === 'fulfilled')
        if (!isStarted) {
          for (const { code } of said.outcomes) assert.equal(code, 'ERR_WORKER_START')
          assert.ok(said.tookMs > 1500, `back-off: only ${said.tookMs} ms`)
        }
        return said.tookMs
      },
    )
  }
}

const alive = {
  'while workers die': { when: 'while running', code: 'ERR_WORKER_DIED' },
  'while workers are stuck': { when: 'while stuck', code: 'ERR_TASK_TIMEOUT' },
}
for (const [title, { when, code }] of Object.entries(alive)) {
  for (const spare of full ? [0, 1, 2, 3, 4, 6, 8] : [0]) {
    const kind = `process, EMFILE ${spare} left ${title}`
    const skip = needs('linux')
    faultRow({ id: 'K3', kind, repeats: 3, ciRepeats: 1, skip }, async (t) => {
      const said = await run(t, ['process', `EMFILE ${spare}`, when], { wrapper: fewDescriptors })
      assert.deepEqual(
        said.outcomes.map((outcome) => outcome.code),
        [code, code],
      )
    })
  }
}

faultRow({ id: 'K3', kind: 'process, ENOENT', repeats: 10, ciRepeats: 1 }, async (t) => {
  const said = await run(t, ['process', 'ENOENT'])
  isRefused(said, /No such file|ENOENT/)
  return said.tookMs
})

faultRow(
  { id: 'K3', kind: 'process, ETXTBSY', repeats: 10, ciRepeats: 0, skip: needs('linux') },
  async (t) => {
    const said = await run(t, ['process', 'ETXTBSY'])
    isRefused(said, /Text file busy|ETXTBSY/)
    return said.tookMs
  },
)

faultRow(
  { id: 'K3', kind: 'process, E2BIG', repeats: 10, ciRepeats: 0, skip: needs('linux') },
  async (t) => {
    const said = await run(t, ['process', 'E2BIG'])
    isRefused(said, /E2BIG/)
    return said.tookMs
  },
)

const native = nativeCalls()
const noNative = 'refused' in native ? native.refused : false
faultRow(
  {
    id: 'K3',
    kind: 'process, ENOMEM',
    repeats: 10,
    ciRepeats: 1,
    skip: needs('root', 'pid namespace') || noNative,
  },
  async (t) => {
    const said = await run(t, ['process', 'ENOMEM'])
    isRefused(said, /ENOMEM/)
    return said.tookMs
  },
)

for (const kind of ['process', 'thread'] as const) {
  const skip = needs('linux', 'another user', 'prlimit', 'setpriv')
  faultRow(
    { id: 'K3', kind: `${kind}, EAGAIN`, repeats: 10, ciRepeats: kind === 'process' ? 1 : 0, skip },
    async (t) => {
      // Root is not limited: an ordinary user that nobody else is.
      const uid = String(20_000 + (process.pid % 10_000))
      const wrapper = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
      const stage = new Stage(t)
      chmodSync(stage.folder, 0o777)
      const program = await stage.start('spawn-refused.mjs', [kind, 'EAGAIN', stage.folder], {
        ready: false,
        wrapper,
        env: { TIDYPOOL_STATE_DIR: undefined, TMPDIR: path.join(stage.folder) },
      })
      // What the user has already is more than one: no other process or thread can be made.
      await setLimit(stage, program, wrapper, 'limited')
      await setLimit(stage, program, wrapper, 'unlimited')
      const said = (await program.ready()) as Said
      const end = await program.ended
      assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
      for (const { code } of said.outcomes) assert.equal(code, 'ERR_WORKER_START')
      assert.equal(said.next.value, 'next')
      await stage.gone({ since: end.at })
      return said.tookMs
    },
  )
}

for (const spare of full ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12] : [0, 6]) {
  const row = { id: 'K3', kind: `tethered, EMFILE ${spare} left`, repeats: 3, ciRepeats: 1 }
  faultRow({ ...row, skip: needs('linux') }, async (t) => {
    const stage = new Stage(t)
    const wrapper = fewDescriptors
    const program = await stage.start('tethers-refused.mjs', [String(spare)], { wrapper })
    const { first, directory, next } = (await program.ready()) as Record<
      'first' | 'directory',
      Outcome
    > & { next: readonly Outcome[] }
    // As from `spawn`: an event, and no throw.
    assert.equal(first.status, 'fulfilled', program.told)
    assert.ok(['EMFILE', 'exit 0'].includes(String(first.value)), program.told)
    assert.ok(directory.value === 'made' || directory.code === 'EMFILE', program.told)
    assert.deepEqual(
      next.map(({ value }) => value),
      ['exit 0', 'made'],
    )
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    await stage.gone({ since: end.at })
  })
}
