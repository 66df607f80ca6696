/**
 * Tests that need more than Node and npm say so, and the runner lists at its end what was not run and
 * what would bring it:
 *
 * ```ts no-run
 * test('Ctrl-C under a terminal …', { skip: needs('tmux') }, async () => { … })
 * ```
 */
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { controlHierarchies } from '../../src/os/control-groups.ts'
import { limitedGroup } from '../faults/pressure/control-group.mjs'

interface Need {
  isMet(): boolean
  /** The command that brings it; undefined when the machine itself would have to be another one. */
  readonly command: string | undefined
}

export interface NotRun {
  readonly need: string
  readonly command: string | undefined
  readonly file: string
}

const systemPython = '/usr/bin/python3'

const known = {
  bash: program('bash', 'apt-get install -y bash'),
  bwrap: program('bwrap', 'apt-get install -y bubblewrap'),
  busybox: program('busybox', 'apt-get install -y busybox'),
  ipcmk: program('ipcmk', 'apt-get install -y util-linux'),
  make: program('make', 'apt-get install -y make'),
  parallel: program('parallel', 'apt-get install -y parallel'),
  perl: program('perl', 'apt-get install -y perl'),
  ps: program('ps', 'apt-get install -y procps'),
  prlimit: program('prlimit', 'apt-get install -y util-linux'),
  python3: program('python3', 'apt-get install -y python3'),
  /** Of the system: other Pythons of a machine may have no joblib. */
  'python3-joblib': {
    isMet: () => isSuccess(systemPython, ['-c', 'import joblib.externals.loky, numpy']),
    command: 'apt-get install -y python3-joblib python3-numpy',
  },
  script: program('script', 'apt-get install -y bsdutils'),
  setpriv: program('setpriv', 'apt-get install -y util-linux'),
  setsid: program('setsid', 'apt-get install -y util-linux'),
  timeout: program('timeout', 'apt-get install -y coreutils'),
  tmux: program('tmux', 'apt-get install -y tmux'),
  vi: program('vi', 'apt-get install -y vim-tiny'),
  unshare: program('unshare', 'apt-get install -y util-linux'),
  linux: { isMet: () => process.platform === 'linux', command: undefined },
  root: { isMet: () => process.getuid?.() === 0, command: undefined },
  /** Root, in a place that other users may pass through, so that a program of ours can run as one of them. */
  'another user': {
    isMet: () => process.getuid?.() === 0 && isOpenToAll(import.meta.dirname, process.execPath),
    command: undefined,
  },
  /** A control group (version 2) in which we may make others. */
  cgroup: { isMet: () => canMakeGroup(), command: undefined },
  /** Control groups, of either version, in which we may limit this. */
  'memory control group': { isMet: () => canLimit('memory'), command: undefined },
  'pids control group': { isMet: () => canLimit('pids'), command: undefined },
  /** A process namespace of one's own: refused in many containers, whoever asks. */
  'pid namespace': {
    isMet: () => isSuccess('unshare', ['--pid', '--fork', '--mount-proc', 'true']),
    command: undefined,
  },
  /** No container, whose outside is hidden, and no process but the machine's first that is closed to us. */
  'all processes in sight': {
    isMet: () => seesAllProcesses(),
    command: undefined,
  },
  /** A mount namespace of one's own, for read-only and full disks. */
  'mount namespace': {
    isMet: () => isSuccess('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs none /mnt']),
    command: undefined,
  },
} satisfies Record<string, Need>

export type NeedName = keyof typeof known

function canMakeGroup(): boolean {
  const own = controlHierarchies().find(({ version }) => version === 2)
  try {
    if (!own) return false
    rmdirSync(mkdtempSync(path.join(own.folder, 'tidypool-test-')))
    return true
  } catch {
    return false // read-only, or not delegated to us
  }
}

function canLimit(controller: 'memory' | 'pids'): boolean {
  try {
    // Above what anything needs: it is gone again at once.
    rmdirSync(limitedGroup(controller, 2 ** 20).folder)
    return true
  } catch {
    return false // none is mounted, it is read-only, or not ours
  }
}

/** Whether every folder on the way may be entered by everybody. */
function isOpenToAll(...places: readonly string[]): boolean {
  return places.every((place) => {
    for (let folder = place; folder !== path.dirname(folder); folder = path.dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return false
    }
    return true
  })
}

function seesAllProcesses(): boolean {
  if (process.platform !== 'linux') return false
  if (readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]') return false
  return readdirSync('/proc').every((pid) => {
    if (!/^\d+$/.test(pid) || pid === '1') return true
    try {
      closeSync(openSync(`/proc/${pid}/maps`, 'r'))
      return true
    } catch (error) {
      // It ended while we looked.
      return !(error instanceof Error && 'code' in error && error.code === 'EACCES')
    }
  })
}

const asked = new Map<NeedName, boolean>()

/**
 * Whether a test must be skipped: false when everything named is here, else the reason, which is also
 * noted for the runner in the file that `TIDYPOOL_NOT_RUN` names.
 */
export function needs(...names: readonly NeedName[]): string | false {
  const missing = names.filter((name) => !isHere(name))
  for (const name of missing) note(name)
  if (missing.length === 0) return false
  return `needs ${missing.map((name) => known[name].command ?? name).join(' and ')}`
}

function isHere(name: NeedName): boolean {
  const met = asked.get(name) ?? known[name].isMet()
  asked.set(name, met)
  return met
}

function note(need: NeedName): void {
  const report = process.env['TIDYPOOL_NOT_RUN']
  if (report === undefined) return
  const line: NotRun = {
    need,
    command: known[need].command,
    file: path.relative(process.cwd(), process.argv[1] ?? ''),
  }
  appendFileSync(report, `${JSON.stringify(line)}\n`)
}

function program(name: string, command: string): Need {
  return { isMet: () => isOnPath(name), command }
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, name), constants.X_OK)
      return true
    } catch {
      return false // not in this folder: the next may have it
    }
  })
}

function isSuccess(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0
}
