/**
 * K4: TMPDIR is full, read-only, missing, has a newline in its name, or belongs to everybody with somebody replacing what is
 * made there; the state directory is another user's. Each is refused or the next choice is taken, and said.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, until, type Program, type StartOptions } from './observe.ts'
import { entriesBelow } from '../helpers/entries-below.ts'

interface Said {
  readonly answer: number
  readonly dir: string
  readonly error?: string
  readonly warnings: readonly string[]
  readonly journal?: string
}

type Context = Parameters<Parameters<typeof faultRow>[1]>[0]
const program = 'makes-directories.mjs'
const mounts = needs('linux', 'root', 'unshare', 'mount namespace')
const mounted = (script: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `${script} && exec "$@"`,
  'sh',
]

/** Ends the program in one of two ways, and looks. */
async function end(stage: Stage, owner: Program, way: string): Promise<number> {
  if (way === 'killed') owner.kill('SIGKILL')
  const { exitCode, at } = await owner.ended
  if (way === 'ended') assert.equal(exitCode, 0, owner.told)
  return (await stage.gone({ since: at })).allMs
}

interface Trouble {
  readonly kind: string
  readonly skip: string | false
  readonly options: (stage: Stage) => StartOptions
  readonly check: (said: Said, stage: Stage) => void
}

const inState = (said: Said, stage: Stage) => {
  assert.equal(said.error, undefined)
  assert.ok(said.dir.startsWith(stage.stateDir), said.dir)
  assert.deepEqual(said.warnings, ['TIDYPOOL_TEMP_DIR'], 'it is said once')
}

const troubles: readonly Trouble[] = [
  {
    kind: 'TMPDIR full',
    skip: mounts,
    options: () => ({
      wrapper: mounted(
        'mount -t tmpfs -o nr_inodes=2,size=4k none "$TMPDIR" && { : >"$TMPDIR/filler" || :; } 2>/dev/null',
      ),
    }),
    check: inState,
  },
  {
    kind: 'TMPDIR read-only',
    skip: mounts,
    options: () => ({ wrapper: mounted('mount -t tmpfs -o ro none "$TMPDIR"') }),
    check: inState,
  },
  {
    kind: 'TMPDIR missing',
    skip: false,
    options: (stage) => ({ env: { TMPDIR: path.join(stage.folder, 'missing') } }),
    check: inState,
  },
  {
    kind: 'TMPDIR is a file',
    skip: false,
    options: (stage) => {
      const file = path.join(stage.folder, 'file')
      writeFileSync(file, '')
      return { env: { TMPDIR: file } }
    },
    check: inState,
  },
  {
    kind: 'TMPDIR of everybody, not sticky',
    skip: false,
    options: (stage) => {
      const open = path.join(stage.folder, 'open')
      mkdirSync(open)
      chmodSync(open, 0o777)
      return { env: { TMPDIR: open } }
    },
    check: inState,
  },
  {
    kind: 'a newline in the name of TMPDIR',
    skip: false,
    options: (stage) => {
      // Cut at the newline it would be a path of somebody else.
      const odd = path.join(stage.tmp, 'tidypool-0123456789ab\n * $(id) \\0041 ü"\'')
      mkdirSync(odd)
      return { env: { TMPDIR: odd } }
    },
    check: (said, stage) => {
      assert.equal(said.error, undefined)
      assert.ok(said.dir.includes('\n'), said.dir)
      assert.deepEqual(said.warnings, [])
      assert.ok(existsSync(said.dir) || stage.files().length > 0)
    },
  },
]

for (const { kind, skip, options, check } of troubles) {
  for (const way of ['killed', 'ended'] as const) {
    const ciRepeats = way === 'killed' ? 1 : 0
    faultRow({ id: 'K4', kind: `${kind}, ${way}`, repeats: 10, ciRepeats, skip }, async (t) => {
      const stage = new Stage(t)
      const owner = await stage.start(program, [way === 'ended' ? 'end' : ''], options(stage))
      const said = await owner.ready<Said>()
      assert.equal(said.answer, 42)
      check(said, stage)
      if (kind.includes('newline')) {
        if (way === 'killed') owner.kill('SIGKILL')
        const { at } = await owner.ended
        const [odd = ''] = stage.files()
        await until(() => readdirSync(odd).length === 0, `an empty ${odd}`, 2000)
        rmSync(odd, { recursive: true })
        return (await stage.gone({ since: at })).allMs
      }
      return end(stage, owner, way)
    })
  }
}

/** A state directory that is not ours alone, and what then is used instead. */
const states: readonly (Omit<Trouble, 'check'> & { readonly reason: RegExp })[] = [
  {
    kind: 'of another user',
    skip: needs('linux', 'root'),
    reason: /belongs to user/,
    options: (stage) => {
      execFileSync('chown', ['12345', stage.stateDir])
      return {}
    },
  },
  {
    kind: 'open to others',
    skip: false,
    reason: /others can enter/,
    options: (stage) => {
      chmodSync(stage.stateDir, 0o755)
      return {}
    },
  },
  {
    kind: 'a symbolic link',
    skip: false,
    reason: /symbolic link/,
    options: (stage) => {
      const aim = path.join(stage.folder, 'aim')
      mkdirSync(aim, { mode: 0o700 })
      const link = path.join(stage.folder, 'link')
      symlinkSync(aim, link)
      return { env: { TIDYPOOL_STATE_DIR: link } }
    },
  },
]

for (const { kind, skip, reason, options } of states) {
  faultRow(
    { id: 'K4', kind: `state directory ${kind}`, repeats: 10, ciRepeats: 1, skip },
    async (t: Context) => {
      const stage = new Stage(t)
      const owner = await stage.start(program, [], options(stage))
      const said = await owner.ready<Said>()
      assert.ok(said.journal?.startsWith(path.join(stage.tmp, 'tidypool-')), said.journal)
      assert.deepEqual(said.warnings, ['TIDYPOOL_STATE_DIR'], 'it is said once')
      assert.match(owner.stderr, reason)
      owner.kill('SIGKILL')
      const { at } = await owner.ended
      assert.deepEqual(readdirSync(stage.stateDir), [], 'nothing was put there')
      const left = () => entriesBelow(stage.tmp).map(({ name }) => name)
      await until(() => !left().some((file) => /\.v1|dir-/.test(file)), 'J and T', 2000)
      // Its own place in TMPDIR may stay, without a journal: the next program's is the same.
      rmSync(path.join(stage.tmp, `tidypool-${process.getuid?.()}`), {
        recursive: true,
        force: true,
      })
      return (await stage.gone({ since: at })).allMs
    },
  )
}

/**
 * Somebody of the same rights replaces the scope's directory by a link to something precious as soon as it is there: before
 * the program dies, or between its death and the clean-up.
 */
for (const moment of ['while it lives', 'when it dies'] as const) {
  for (const way of ['killed', 'ended'] as const) {
    faultRow(
      { id: 'K4', kind: `link race ${moment}, ${way}`, repeats: 15, ciRepeats: 1 },
      async (t) => {
        const stage = new Stage(t)
        const precious = path.join(stage.folder, 'precious')
        mkdirSync(path.join(precious, 'dir-'), { recursive: true })
        writeFileSync(path.join(precious, 'file'), 'precious')
        const owner = await stage.start(program, [way === 'ended' ? 'end' : ''], { ready: false })
        const root = await until(
          () => stage.files()[0] ?? (owner.hasEnded && 'late'),
          'its directory',
        )
        // As fast as can be: move it away and put a link there, again and again.
        const attack = `cd "$1" && while :; do mv -T "$2" "$2.away.$$" && ln -s "$3" "$2"; done 2>/dev/null`
        const args = ['-c', attack, 'sh', stage.tmp, path.basename(root), precious]
        const startAttack = () => {
          const attacker = spawn('sh', args, { stdio: 'ignore', env: stage.env })
          t.after(() => attacker.kill('SIGKILL'))
          return attacker
        }
        const attacker = moment === 'while it lives' ? startAttack() : undefined
        if (way === 'killed') {
          await owner.ready()
          owner.kill('SIGKILL')
        }
        const second = attacker ?? startAttack()
        await owner.ended
        await until(
          () =>
            stage
              .processes()
              .every(({ pid, command }) => pid === second.pid || /mv|ln|sh -c cd/.test(command)),
          'P',
          4000,
        )
        second.kill('SIGKILL')
        assert.equal(readFileSync(path.join(precious, 'file'), 'utf8'), 'precious', 'C')
        assert.ok(existsSync(path.join(precious, 'dir-')), 'C')
        stage.untouched()
      },
    )
  }
}
