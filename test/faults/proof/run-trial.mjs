// Runs one trial of the proof: a command, bare or under something, ended in one way, in namespaces of its own.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @import { Target, Way } from './ways.mjs' */

/**
 * @typedef {{ readonly pid: number, readonly kind: string, readonly command: string }} Process
 *
 * @typedef {object} Left
 * @property {readonly Process[]} processes
 * @property {readonly string[]} names    Of /dev/shm.
 * @property {readonly string[]} systemV
 * @property {readonly string[]} files    In the temporary directory, and journals.
 *
 * @typedef {object} Plan
 * @property {readonly string[]} words
 * @property {string} folder
 * @property {string} tmp
 * @property {string} state
 * @property {Record<string, string>} env
 * @property {'busy' | 'cycles' | 'end'} ready
 * @property {number} busy                How many `busy-PID` there must be.
 * @property {number} pauseMs             Between being ready and the signal.
 * @property {number} lookAfterMs
 * @property {NodeJS.Signals} [signal]
 * @property {Target} [target]
 *
 * @typedef {object} Result
 * @property {boolean} wasBusy            It had come so far when something was done to it.
 * @property {number} targets             How many were signalled.
 * @property {number | null} exitCode
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} isStubborn         It did not end, and was sent SIGTERM 5 s later.
 * @property {Left} left
 * @property {number} tookMs              From the end of what was started until nothing was left, or until the look.
 * @property {string} output
 * @property {{ ended: number, removed: number, containment: string } | undefined} report
 *
 * What the command runs under: words before it, of which FOLDER is replaced, and after it.
 * @typedef {{ readonly name: string, readonly prefix: readonly string[], readonly suffix?: readonly string[] }} Mode
 */

const root = fileURLToPath(new URL('../../..', import.meta.url))
const trial = fileURLToPath(new URL('trial.mjs', import.meta.url))
const programs = fileURLToPath(new URL('../programs/', import.meta.url))
/** As promised after every end. */
const lookAfterMs = 2000
const limitMs = 120_000

/** @type {Mode} */
export const BARE = { name: 'bare', prefix: [] }
/** @type {Mode} */
export const EXEC = {
  name: 'tidypool exec',
  prefix: [
    process.execPath,
    join(root, 'dist/cli/main.js'),
    'exec',
    '--report',
    'FOLDER/report.json',
    '--',
  ],
}

/**
 * With a temporary directory of its own. The forkserver's socket lies in TMPDIR: when the command line is killed, nobody is left
 * who knows whose it was, and only this way it goes.
 *
 * @type {Mode}
 */
const EXEC_TMP = {
  name: EXEC.name,
  prefix: EXEC.prefix.map((word) => (word === '--' ? ['--tmp', word] : word)).flat(),
}

/** `exec` as it is tried in a cell. @param {string} kind @param {Way} way */
export function execMode(kind, way) {
  return kind === 'futures-forkserver' && killsCommandLine(way) ? EXEC_TMP : EXEC
}

/** @param {Way} way */
function killsCommandLine({ signal, target }) {
  return signal === 'SIGKILL' && target !== undefined && target.startsWith('started')
}

/** Debian's own Python brings joblib, which other Pythons of a machine may lack. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** @param {string} kind one of KINDS @param {Way} way */
export function pythonPool(kind, way) {
  return pythonProgram('pools.py', kind, way)
}

/**
 * @param {string} file  In programs/python/.
 * @param {string} kind  What the program calls so.
 * @param {Way} way
 * @returns {(folder: string) => readonly string[]}
 */
export function pythonProgram(file, kind, way) {
  return (folder) => [PYTHON, join(programs, 'python', file), kind, way.how, folder]
}

/**
 * @param {object} what
 * @param {(folder: string) => readonly string[]} what.command
 * @param {Mode} what.mode
 * @param {Way} what.way
 * @param {number} [what.busy]
 * @returns {Promise<Result>}
 */
export async function runTrial({ command, mode, way, busy = 2 }) {
  const folder = mkdtempSync(join(tmpdir(), 'pp-'))
  const [tmp, state] = [join(folder, 't'), join(folder, 's')]
  mkdirSync(tmp)
  mkdirSync(state, { mode: 0o700 })
  try {
    const prefix = mode.prefix.map((word) => word.replace('FOLDER', folder))
    /** @type {Plan} */
    const plan = {
      words: [...(way.prefix ?? []), ...prefix, ...command(folder), ...(mode.suffix ?? [])],
      folder,
      tmp,
      state,
      env: { TMPDIR: tmp, TIDYPOOL_STATE_DIR: state, PYTHONDONTWRITEBYTECODE: '1' },
      ready: way.signal === undefined ? 'end' : way.how === 'for-ever' ? 'cycles' : 'busy',
      busy,
      // Some moment of a cycle.
      pauseMs: way.how === 'for-ever' ? Math.random() * 300 : 0,
      lookAfterMs,
      ...(way.signal === undefined ? {} : { signal: way.signal }),
      ...(way.target === undefined ? {} : { target: way.target }),
    }
    return await inNamespaces(plan)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {Plan} plan @returns {Promise<Result>} */
async function inNamespaces(plan) {
  const script = 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$@"'
  const words = ['--mount', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc']
  const inside = ['sh', '-c', script, 'sh', process.execPath, trial, JSON.stringify(plan)]
  const child = spawn('unshare', [...words, ...inside], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, TIDYPOOL_SCOPE: undefined },
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stderr += text))
  /** @type {number | null} */
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (status !== 0) throw new Error(`the trial ended with ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** How much was left. @param {Left} left */
export function countLeft({ processes, names, systemV, files }) {
  return processes.length + names.length + systemV.length + files.length
}

/**
 * `2 workers, 1 tracker, 8 names`; '0' when there is nothing.
 *
 * @param {Left} left
 */
export function describeLeft({ processes, names, systemV, files }) {
  /** @type {Map<string, number>} */
  const kinds = new Map()
  for (const { kind } of processes) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const parts = [
    ...[...kinds]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([kind, count]) => plural(count, kind)),
    ...(names.length > 0 ? [plural(names.length, 'name')] : []),
    ...(systemV.length > 0 ? [plural(systemV.length, 'System V object')] : []),
    ...(files.length > 0 ? [plural(files.length, 'file')] : []),
  ]
  return parts.length === 0 ? '0' : parts.join(', ')
}

/** @param {number} count @param {string} word */
function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** What a table was made with. @returns {Record<string, string>} */
export function versions() {
  const script = `import json, platform
found = {"Python": platform.python_version()}
for name in ("joblib", "numpy"):
    try:
        found[name] = __import__(name).__version__
    except ImportError:
        pass
try:
    from joblib.externals import loky
    found["loky"] = loky.__version__
except ImportError:
    pass
print(json.dumps(found))`
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return {
    tidypool: version,
    ...JSON.parse(execFileSync(PYTHON, ['-c', script], { encoding: 'utf8' })),
    Node: process.versions.node,
    [type()]: release(),
  }
}
