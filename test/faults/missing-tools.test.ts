/**
 * K2: what the levels are made of is missing, or is something else than it seems. It is found out by trying, `audit()` names
 * what stands in for it, and a busy worker still ends with its owner.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AuditReport, ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, until, type StartOptions } from './observe.ts'
import { sweepIn } from './owners.ts'

const program = fileURLToPath(new URL('programs/reports-levels.mjs', import.meta.url))
type Levels = AuditReport['levels']

interface Said {
  readonly answer: number
  readonly levels: Levels
  readonly warnings: readonly string[]
}

interface Lack {
  readonly kind: string
  readonly skip: string | false
  readonly options: (stage: Stage) => StartOptions
  /** What `audit()` is to say. */
  readonly check: (levels: Levels) => void
  readonly warnings?: readonly string[]
  /** Without a guardian the next start does the rest. */
  readonly isGuarded?: boolean
  /** Not for every run of the tests. */
  readonly slow?: boolean
  /** Another Node than ours. */
  readonly node?: (stage: Stage) => string
}

/** A folder with the programs that we need, but for some. */
function pathWith(stage: Stage, programs: readonly string[]): string {
  const folder = path.join(stage.folder, 'bin')
  mkdirSync(folder)
  for (const program of programs) {
    const file = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
    symlinkSync(file, path.join(folder, program))
  }
  return folder
}

/** A folder with a `setpriv` that is the one of this machine, but for some of its bytes. */
function pathWithSpoilt(stage: Stage, spoil: (program: Buffer) => void): string {
  const folder = pathWith(stage, ['sh', 'sleep', 'setpriv'])
  const file = path.join(folder, 'setpriv')
  const program = readFileSync(file)
  spoil(program)
  rmSync(file)
  writeFileSync(file, program, { mode: 0o755 })
  return folder
}

/** In a mount namespace, where files of the system can be covered. */
const mounted = (script: string) => ['unshare', '--mount', 'sh', '-c', `${script}; exec "$@"`, 'sh']
const mounts = needs('linux', 'root', 'unshare', 'mount namespace')

function isWatched({ tether }: Levels, reason: RegExp): void {
  assert.equal(tether.inForce, 'watchdog thread')
  assert.match(tether.reason ?? '', reason)
}

const lacks: readonly Lack[] = [
  {
    kind: 'no setpriv',
    skip: needs('linux'),
    options: (stage) => ({ env: { PATH: pathWith(stage, ['sh', 'sleep']) } }),
    check: (levels) => isWatched(levels, /not in PATH/),
  },
  {
    kind: 'setpriv of busybox',
    skip: needs('linux', 'busybox'),
    options: (stage) => {
      const folder = pathWith(stage, ['sh', 'sleep', 'busybox'])
      writeFileSync(path.join(folder, 'setpriv'), '#!/bin/sh\nexec busybox setpriv "$@"\n', {
        mode: 0o755,
      })
      return { env: { PATH: folder } }
    },
    check: (levels) => isWatched(levels, /ended with 1/),
  },
  {
    kind: 'setpriv that hangs',
    // It is given 5 seconds: too long for every run of the tests.
    skip: needs('linux'),
    slow: true,
    options: (stage) => {
      const folder = pathWith(stage, ['sh', 'sleep'])
      writeFileSync(path.join(folder, 'setpriv'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 })
      return { env: { PATH: folder } }
    },
    check: (levels) => isWatched(levels, /ETIMEDOUT/),
  },
  {
    kind: 'setpriv whose loader is missing',
    skip: needs('linux', 'setpriv'),
    options: (stage) => ({
      env: {
        PATH: pathWithSpoilt(stage, (program) => program.write('/no', program.indexOf('/ld-'))),
      },
    }),
    check: (levels) => isWatched(levels, /ENOENT/),
  },
  {
    kind: 'setpriv that crashes',
    skip: needs('linux', 'setpriv'),
    options: (stage) => {
      const entryPoint = 24 // of the header of ELF
      return {
        env: { PATH: pathWithSpoilt(stage, (program) => program.writeUInt32LE(1, entryPoint)) },
      }
    },
    check: (levels) => isWatched(levels, /ended with null/),
  },
  {
    kind: 'no sh',
    skip: mounts,
    // Not executable: what is found is not what runs.
    options: () => ({ wrapper: mounted('mount --bind /dev/null "$(readlink -f /bin/sh)"') }),
    check: ({ guardian, tether }) => {
      assert.equal(guardian.inForce, 'none')
      assert.ok(guardian.reason)
      assert.equal(tether.inForce, 'parent-death signal')
    },
    warnings: ['TIDYPOOL_NO_GUARDIAN'],
    isGuarded: false,
  },
  {
    kind: 'neither sh nor setpriv',
    skip: mounts,
    options: (stage) => ({
      wrapper: mounted('mount --bind /dev/null "$(readlink -f /bin/sh)"'),
      env: { PATH: pathWith(stage, ['unshare', 'sh', 'mount', 'readlink']) },
    }),
    check: (levels) => {
      assert.equal(levels.guardian.inForce, 'none')
      isWatched(levels, /not in PATH/)
    },
    warnings: ['TIDYPOOL_NO_GUARDIAN'],
    isGuarded: false,
  },
  {
    kind: 'no /proc',
    skip: mounts,
    options: () => ({ wrapper: mounted('mount -t tmpfs none /proc') }),
    // `ps` reads /proc as well, here.
    check: ({ identity, escaped }) => {
      assert.equal(identity.inForce, 'none')
      assert.ok(identity.reason)
      assert.equal(escaped.inForce, 'none')
      assert.match(escaped.reason ?? '', /\/proc/)
    },
  },
  {
    kind: 'hidepid=2',
    skip: mounts || needs('setpriv', 'another user'),
    options: (stage) => {
      const script = 'mount -o remount,hidepid=2 /proc || mount -t proc -o hidepid=2 proc /proc'
      return { wrapper: [...mounted(script), ...asUser(stage)] }
    },
    check: ({ identity, escaped }) => {
      assert.equal(identity.inForce, '/proc')
      assert.equal(escaped.inForce, 'environment')
      assert.match(escaped.reason ?? '', /hidepid/)
    },
  },
  {
    kind: 'node with file capabilities',
    skip: needs('linux', 'another user', 'setpriv', 'python3'),
    options: (stage) => ({ wrapper: asUser(stage) }),
    check: (levels) => isWatched(levels, /capabilities/),
    node: nodeWithCapabilities,
  },
]

/** An ordinary user that nobody else is, to whom the stage is handed over: root is above much of this. */
function asUser(stage: Stage): string[] {
  const uid = String(30_000 + (process.pid % 10_000))
  chmodSync(stage.folder, 0o755)
  execFileSync('chown', ['-R', uid, stage.tmp, stage.stateDir])
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
}

/** A copy of this Node that may bind low ports, as `setcap` makes it (capabilities(7): revision 2, effective, bit 10). */
function nodeWithCapabilities(stage: Stage): string {
  const copy = path.join(stage.folder, 'node')
  copyFileSync(process.execPath, copy)
  chmodSync(copy, 0o755)
  const script = `import os, struct, sys
os.setxattr(sys.argv[1], "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))`
  execFileSync('python3', ['-c', script, copy])
  return copy
}

for (const { kind, skip, options, check, node, slow, warnings = [], isGuarded = true } of lacks) {
  const start = (stage: Stage, args: readonly string[]) => {
    const { wrapper = [], env } = options(stage)
    const command = [...wrapper, node?.(stage) ?? process.execPath, program, ...args]
    return stage.startCommand(command, { env })
  }

  faultRow(
    { id: 'K2', kind: `${kind}, killed`, repeats: 10, ciRepeats: slow === true ? 0 : 1, skip },
    async (t) => {
      const stage = new Stage(t)
      const program = await start(stage, [])
      const said = await program.ready<Said>()
      assert.equal(said.answer, 42)
      check(said.levels)
      assert.deepEqual(said.warnings, warnings, 'it is said once')
      const workers = stage.processes().filter(({ command }) => command.includes('process-entry'))
      assert.ok(workers.length > 0, 'the workers are seen')
      program.kill('SIGKILL')
      const { at } = await program.ended
      if (!isGuarded) {
        await until(
          () => stage.processes().length === 0,
          'the workers to end by their tether',
          2000,
        )
        await sweepIn(stage)
      }
      return (await stage.gone({ since: isGuarded ? at : performance.now() })).allMs
    },
  )

  faultRow({ id: 'K2', kind: `${kind}, shut down`, repeats: 5, ciRepeats: 0, skip }, async (t) => {
    const stage = new Stage(t)
    const program = await start(stage, ['end'])
    const report = (await program.line('report')) as ShutdownReport
    assert.deepEqual(report.errors, [])
    assert.deepEqual(report.escaped, [])
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    await stage.gone({ since: end.at })
  })
}
