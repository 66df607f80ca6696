/**
 * K1, K2, K4: `exec` where something is missing that it is made of, or is in other hands. The command runs all the same and
 * ends as it does, what it leaves is ended, the report names the level in force and why it is no better; and when the command
 * line is killed, nothing is left either.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeControlGroup } from '../../src/lifetime/control-group.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { entriesBelow } from '../helpers/entries-below.ts'
import { needs } from '../helpers/needs.ts'
import { tidypool, type ExecReport } from './exec-command.ts'
import { Stage, until, type Program, type Seen, type StartOptions } from './observe.ts'
import { kill } from './owners.ts'

interface Place {
  readonly id: 'K1' | 'K2' | 'K4'
  readonly kind: string
  readonly skip?: string | false
  readonly options?: (stage: Stage) => StartOptions
  /** What it may say besides what was left. */
  readonly says?: RegExp
  readonly check?: (report: ExecReport) => void
  /** The kernel ends everybody with it, its guardian too, and the journal cannot be read from outside. */
  readonly isWorld?: boolean
  /** A folder that is used instead, and stays. */
  readonly stays?: (stage: Stage) => string
  /** Nobody can be seen here: only what is said is looked at, not what is left. */
  readonly isBlind?: boolean
}

const koffiFolder = fileURLToPath(new URL('../../node_modules/koffi', import.meta.url))
/** In a mount namespace, where parts of the system can be covered. */
const mounted = (script: string) => ['unshare', '--mount', 'sh', '-c', `${script}; exec "$@"`, 'sh']
const mounts = needs('linux', 'root', 'unshare', 'mount namespace')
const noKoffi = `[ ! -d ${koffiFolder} ] || mount -t tmpfs none ${koffiFolder}`

const places: readonly Place[] = [
  {
    id: 'K1',
    kind: 'root',
    skip: needs('root'),
    check: ({ containment }) => assert.ok(containment.name, 'the level is named'),
  },
  {
    id: 'K1',
    kind: 'an ordinary user',
    skip: needs('linux', 'another user', 'setpriv'),
    options: (stage) => ({ wrapper: asUser(stage) }),
    check({ containment }) {
      assert.notEqual(containment.name, 'cgroup v2')
      assert.match(containment.reason ?? '', /cgroup/)
    },
  },
  {
    id: 'K1',
    kind: 'process 1',
    skip: needs('linux', 'root', 'unshare', 'pid namespace'),
    options: () => ({ wrapper: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] }),
    isWorld: true,
  },
  {
    id: 'K2',
    kind: 'no setpriv',
    options: (stage) => ({ env: { PATH: pathWith(stage, ['sh', 'sleep', 'setsid']) } }),
  },
  {
    id: 'K2',
    kind: 'setpriv of busybox',
    skip: needs('busybox'),
    options(stage) {
      const folder = pathWith(stage, ['sh', 'sleep', 'setsid', 'busybox'])
      writeFileSync(path.join(folder, 'setpriv'), '#!/bin/sh\nexec busybox setpriv "$@"\n', {
        mode: 0o755,
      })
      return { env: { PATH: folder } }
    },
  },
  {
    id: 'K2',
    kind: 'sh, sleep and setsid of busybox',
    skip: mounts || needs('busybox'),
    options(stage) {
      const folder = path.join(stage.folder, 'bin')
      mkdirSync(folder)
      const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim()
      for (const name of [
        'sh',
        'sleep',
        'setsid',
        'grep',
        'find',
        'cat',
        'rmdir',
        'rm',
        'mv',
        'ls',
      ])
        symlinkSync(busybox, path.join(folder, name))
      const script = `mount --bind ${busybox} "$(readlink -f /bin/sh)"`
      return { wrapper: [...mounted(script), 'env', `PATH=${folder}`] }
    },
  },
  {
    id: 'K2',
    kind: 'no cgroup',
    options: () => ({ env: { TIDYPOOL_CONTAINMENT: 'subreaper' } }),
    check: ({ containment }) => assert.match(containment.reason ?? '', /TIDYPOOL_CONTAINMENT/),
  },
  {
    id: 'K2',
    kind: 'neither cgroup nor koffi',
    skip: mounts || needs('perl'),
    options: () => ({
      wrapper: mounted(noKoffi),
      env: { TIDYPOOL_CONTAINMENT: 'subreaper' },
    }),
    check({ containment }) {
      assert.equal(containment.name, 'subreaper')
      assert.match(containment.reason ?? '', /koffi is not installed; perl does it/)
    },
  },
  {
    id: 'K2',
    kind: 'neither cgroup nor koffi nor perl',
    skip: mounts || needs('perl'),
    options: () => ({
      wrapper: mounted(`${noKoffi}; mount --bind /dev/null "$(command -v perl)"`),
      env: { TIDYPOOL_CONTAINMENT: 'subreaper' },
    }),
    check({ containment }) {
      assert.equal(containment.name, 'process tree')
      assert.match(containment.reason ?? '', /koffi is not installed; there is no perl/)
    },
  },
  {
    id: 'K2',
    kind: 'a perl that does not work',
    skip: mounts || needs('perl'),
    options: () => ({
      wrapper: mounted('mount --bind /bin/false "$(command -v perl)"'),
      env: { TIDYPOOL_CONTAINMENT: 'perl' },
    }),
    check({ containment }) {
      assert.equal(containment.name, 'process tree')
      assert.match(containment.reason ?? '', /perl cannot do it \(it ended with 1\)/)
    },
  },
  {
    id: 'K2',
    kind: 'neither cgroup nor subreaper',
    options: () => ({ env: { TIDYPOOL_CONTAINMENT: 'tree' } }),
    check: ({ containment }) => assert.equal(containment.name, 'process tree'),
  },
  {
    id: 'K2',
    kind: 'cgroups mounted read-only',
    skip: mounts,
    options: () => ({
      wrapper: mounted(
        `awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts | while read -r one; do mount --bind -o ro "$one" "$one" && mount -o remount,bind,ro "$one"; done`,
      ),
    }),
    check({ containment }) {
      assert.notEqual(containment.name, 'cgroup v2')
      assert.match(containment.reason ?? '', /cgroup/)
    },
  },
  {
    id: 'K2',
    kind: 'no /proc',
    skip: mounts,
    options: () => ({ wrapper: mounted('mount -t tmpfs none /proc') }),
    isBlind: true,
    check({ containment }) {
      assert.equal(containment.name, 'none')
      assert.match(containment.reason ?? '', /\/proc/)
    },
    says: /cannot be seen.*\/proc/,
  },
  {
    id: 'K2',
    kind: 'hidepid=2',
    skip: mounts || needs('setpriv', 'another user'),
    options(stage) {
      const script = 'mount -o remount,hidepid=2 /proc || mount -t proc -o hidepid=2 proc /proc'
      return { wrapper: [...mounted(script), ...asUser(stage)] }
    },
  },
  {
    id: 'K4',
    kind: 'TMPDIR full',
    skip: mounts,
    options: (stage) => ({
      wrapper: mounted(
        `mount -t tmpfs -o size=4k none ${stage.tmp}; dd if=/dev/zero of=${stage.tmp}/full bs=4k count=1 2>/dev/null`,
      ),
      env: { TIDYPOOL_STATE_DIR: undefined, XDG_RUNTIME_DIR: undefined },
    }),
    says: /can keep no journal.*ENOSPC/,
  },
  {
    id: 'K4',
    kind: 'TMPDIR missing',
    options: (stage) => ({
      env: {
        TMPDIR: path.join(stage.folder, 'missing'),
        TIDYPOOL_STATE_DIR: undefined,
        XDG_RUNTIME_DIR: undefined,
      },
    }),
    says: /can keep no journal.*ENOENT/,
  },
  {
    id: 'K4',
    kind: 'TMPDIR read-only',
    skip: mounts,
    options: (stage) => ({
      wrapper: mounted(`mount -t tmpfs -o ro none ${stage.tmp}`),
      env: { TIDYPOOL_STATE_DIR: undefined, XDG_RUNTIME_DIR: undefined },
    }),
    says: /can keep no journal.*EROFS/,
  },
  {
    id: 'K4',
    kind: 'a newline in TMPDIR',
    options(stage) {
      const folder = path.join(stage.tmp, 'new\nline')
      mkdirSync(folder)
      return {
        env: { TMPDIR: folder, TIDYPOOL_STATE_DIR: undefined, XDG_RUNTIME_DIR: undefined },
      }
    },
    stays: (stage) => path.join(stage.tmp, 'new\nline'),
  },
  {
    id: 'K4',
    kind: "another user's state directory",
    skip: needs('linux', 'root'),
    options(stage) {
      execFileSync('chown', ['65534', stage.stateDir])
      return {}
    },
    says: /keeps its journal in .*it belongs to user 65534/,
    stays: (stage) => path.join(stage.tmp, `tidypool-${process.getuid?.()}`),
  },
]

/** An ordinary user that nobody else is, to whom the stage is handed over. */
function asUser(stage: Stage): string[] {
  const uid = String(30_000 + (process.pid % 10_000))
  chmodSync(stage.folder, 0o755)
  execFileSync('chown', ['-R', uid, stage.tmp, stage.stateDir])
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
}

/** A folder with these programs alone. */
function pathWith(stage: Stage, programs: readonly string[]): string {
  const folder = path.join(stage.folder, 'bin')
  mkdirSync(folder)
  for (const program of programs) {
    const file = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
    symlinkSync(file, path.join(folder, program))
  }
  return folder
}

const leaves = 'setsid sleep 1001 & sleep 1002 &'

async function start(stage: Stage, place: Place, script: string): Promise<Program> {
  const { wrapper = [], ...options } = place.options?.(stage) ?? {}
  // Where everybody may write: TMPDIR is what some of the rows are about.
  const folder = path.join(stage.folder, 'reports')
  mkdirSync(folder, { mode: 0o777 })
  chmodSync(folder, 0o777)
  const report = path.join(folder, 'report.json')
  const words = [...wrapper, ...tidypool, 'exec', '--report', report, '--', 'sh', '-c', script]
  return stage.startCommand(words, { ready: false, ...options })
}

function reportOf(stage: Stage): ExecReport {
  return JSON.parse(
    readFileSync(path.join(stage.folder, 'reports', 'report.json'), 'utf8'),
  ) as ExecReport
}

/** The control groups that journals speak of and that are there. */
function groupsNamedBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => entry.isFile())
    .flatMap((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8').split('\n'))
    .flatMap((line) => /^c (.*)$/.exec(line)?.[1] ?? [])
    .filter((group) => existsSync(group))
}

function isRemoved(group: string): boolean {
  try {
    removeControlGroup(group)
    return true
  } catch {
    return false // somebody in it has not ended altogether
  }
}

/** Nobody and nothing is left, but for a folder that is used instead of another, and is empty of journals. */
async function gone(stage: Stage, { isWorld, stays }: Place): Promise<void> {
  if (isWorld === true) {
    await until(() => stage.processes().length === 0, 'all of it to end', 2000)
    // With process 1 everybody was ended who could have cleaned up. Nobody else can know that its world is no more: `doctor`
    // finds the group later.
    for (const group of groupsNamedBelow(stage.stateDir))
      await until(() => isRemoved(group), `${group} to be empty`, 2000)
    return
  }
  const folder = stays?.(stage)
  if (folder !== undefined) {
    const files = () =>
      entriesBelow(folder).filter((entry) => entry.isFile() && entry.name !== 'ended.log')
    await until(() => files().length === 0, `no journal to be left in ${folder}`, 2000)
    rmSync(folder, { recursive: true, force: true })
  }
  await stage.gone()
}

for (const place of places) {
  const { id, kind, skip = false, says, check, isBlind = false } = place
  const row = { id, repeats: 10, ciRepeats: 1, skip: needs('linux', 'setsid') || skip }

  faultRow({ ...row, kind: `exec, ${kind}, it ends` }, async (t) => {
    const stage = new Stage(t)
    const program = await start(stage, place, `${leaves} exit 7`)
    const end = await program.ended
    if (isBlind) for (const seen of stage.processes()) process.kill(seen.pid, 'SIGKILL')
    await gone(stage, place)
    await program.drained()
    assert.deepEqual([end.exitCode, end.signal], [7, null], `X: ${program.told}`)
    // What was left is named, and so may be what other tests make at this time; the row is about what else is said.
    const rest = program.stderr
      .split('\n')
      .filter((line) => !/^tidypool: (sh left|exit |\d+ objects? appeared)|^ {2}|^$/.test(line))
      .join('\n')
    assert.match(rest, says ?? /^$/)
    check?.(reportOf(stage))
  })

  if (isBlind) continue
  faultRow({ ...row, kind: `exec, ${kind}, it is killed` }, async (t) => {
    const stage = new Stage(t)
    const program = await start(stage, place, `${leaves} echo 'ready {}'; exec sleep 1003`)
    await program.ready()
    kill(await commandLineOf(stage), 'SIGKILL')
    await program.ended
    await gone(stage, place)
  })
}

/** Not what it runs under. */
function commandLineOf(stage: Stage): Promise<Seen> {
  return until(
    () => stage.processes().find(({ command }) => command.startsWith(tidypool.join(' '))),
    'the command line',
  )
}

for (const [name, exitCode, words] of [
  ['exec', 125, ['exec', '--']],
  ['run', 70, ['run', 'input', '--quiet', '--']],
] as const) {
  const skip = mounts
  faultRow({ id: 'K2', kind: `${name}, no sh`, repeats: 10, ciRepeats: 1, skip }, async (t) => {
    // The gate is a shell: a command that cannot be journalled before it runs is not run, and that is said.
    const stage = new Stage(t)
    const wrapper = mounted('mount --bind /dev/null "$(readlink -f /bin/sh)"')
    const ran = path.join(stage.folder, 'ran')
    const command = [...wrapper, ...tidypool, ...words, 'touch', ran]
    const program = await stage.startCommand(command, { ready: false })
    const end = await program.ended
    await program.drained()
    assert.deepEqual([end.exitCode, end.signal], [exitCode, null], `X: ${program.told}`)
    assert.match(program.stderr, /^tidypool: \/bin\/sh cannot be executed/m)
    assert.ok(!existsSync(ran))
    await stage.gone()
  })
}

faultRow(
  {
    id: 'K1',
    kind: 'exec, process 1, SIGTERM',
    repeats: 10,
    ciRepeats: 1,
    skip: needs('linux', 'root', 'unshare', 'pid namespace', 'setsid'),
  },
  async (t) => {
    const stage = new Stage(t)
    const wrapper = ['unshare', '--pid', '--fork', '--mount-proc', ...tidypool, 'exec', '--']
    const script = `${leaves} echo 'ready {}'; exec sleep 1003`
    const program = await stage.startCommand([...wrapper, 'sh', '-c', script])
    kill(await commandLineOf(stage), 'SIGTERM')
    const end = await program.ended
    assert.deepEqual([end.exitCode, end.signal], [143, null], `X: ${program.told}`)
    await stage.gone({ since: end.at })
  },
)
