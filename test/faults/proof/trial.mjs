// One trial of the proof, as process 1 of namespaces of its own: everything that is there besides it belongs to the trial,
// whatever it did to its environment, its session or its name. Prints what was left as one line of JSON.
//
// Nothing here asks tidypool: it looks into /proc, /dev/shm, /proc/sysvipc and at the folders of the trial.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** @import { Left, Plan, Process, Result } from './run-trial.mjs' */
/** @import { Target } from './ways.mjs' */

/** A command that has not ended this long after what was done to it is sent SIGTERM, as its user would. */
const patienceMs = 5000
const readyLimitMs = 60_000

/** @type {Plan} */
const plan = JSON.parse(process.argv[2] ?? '')
console.log(JSON.stringify(await trial()))
// The kernel ends everything else with process 1.
process.exit(0)

/** @returns {Promise<Result>} */
async function trial() {
  const output = openSync(join(plan.folder, 'output'), 'a')
  const [program = '', ...args] = plan.words
  const child = spawn(program, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...plan.env },
    cwd: plan.folder,
    // A group of its own, as a shell gives to a job.
    detached: true,
  })
  const ended = once(child, 'exit')
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const isReady = await until(() => isOver() || hasComeSoFar(), readyLimitMs)
  const wasBusy = isReady && !isOver()
  /** @type {readonly number[]} */
  let targets = []
  if (plan.signal !== undefined && plan.target !== undefined && wasBusy) {
    if (plan.pauseMs > 0) await delay(plan.pauseMs)
    targets = targetsOf(plan.target, child.pid ?? 0)
    for (const pid of targets) kill(pid, plan.signal)
  }
  // `timeout` and the program's own ways need their time.
  const isPatient = plan.signal === undefined
  let isStubborn = false
  if (!(await within(ended, isPatient ? readyLimitMs : patienceMs))) {
    isStubborn = true
    child.kill('SIGTERM')
    if (!(await within(ended, 2 * patienceMs))) {
      child.kill('SIGKILL')
      await ended
    }
  }
  const since = performance.now()
  await until(() => isNothing(look()), plan.lookAfterMs)
  const left = look()
  return {
    wasBusy,
    targets: targets.length,
    exitCode: child.exitCode,
    signal: child.signalCode,
    isStubborn,
    left,
    tookMs: Math.round(performance.now() - since),
    output: readFileSync(join(plan.folder, 'output'), 'utf8').slice(-4000),
    report: readReport(),
  }
}

function hasComeSoFar() {
  const names = readdirSync(plan.folder)
  if (plan.ready === 'cycles') return names.includes('cycle-2')
  if (plan.ready === 'end') return false
  return names.filter((name) => name.startsWith('busy-')).length >= plan.busy
}

/** @param {Target} target @param {number} started @returns {number[]} */
function targetsOf(target, started) {
  const trackers = processes().flatMap(({ pid, kind }) => (kind === 'tracker' ? [pid] : []))
  const root = numberOf('root-')
  switch (target) {
    case 'started':
      return [started]
    case 'started group':
      return [-started]
    case 'started and trackers':
      return [started, ...trackers]
    case 'root':
      return [root]
    case 'root group':
      return [-groupOf(root)]
    case 'root and trackers':
      return [root, ...trackers]
    case 'worker':
      return [numberOf('busy-')]
  }
}

/** @param {string} prefix */
function numberOf(prefix) {
  const name = readdirSync(plan.folder).find((text) => text.startsWith(prefix))
  return Number(name?.slice(prefix.length) ?? Number.NaN)
}

/** @param {number} pid */
function groupOf(pid) {
  return Number(statOf(pid)?.[2])
}

/** State, parent, group… of a process. @param {number} pid */
function statOf(pid) {
  const text = read(`/proc/${pid}/stat`)
  return text === '' ? undefined : text.slice(text.lastIndexOf(') ') + 2).split(' ')
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function kill(pid, signal) {
  // 1 is this program, -1 everything, 0 our own group.
  if (!Number.isInteger(pid) || Math.abs(pid) <= 1) throw new Error(`no number to signal: ${pid}`)
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended with one that was signalled before it.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** @returns {Left} */
function look() {
  return {
    processes: processes(),
    names: readdirSync('/dev/shm'),
    systemV: ['shm', 'sem', 'msg'].flatMap((kind) =>
      read(`/proc/sysvipc/${kind}`)
        .split('\n')
        .slice(1)
        .filter(Boolean)
        .map((line) => `${kind} ${line.trim().split(/\s+/).slice(0, 2).join(' ')}`),
    ),
    files: [
      ...readdirSync(plan.tmp).filter((name) => !name.startsWith('node-compile-cache')),
      ...readdirSync(plan.state, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && entry.name !== 'ended.log')
        .map(({ name }) => `journal ${name}`),
    ],
  }
}

/** @param {Left} left */
function isNothing({ processes, names, systemV, files }) {
  return [processes, names, systemV, files].every(({ length }) => length === 0)
}

/** Every process here but this one. A zombie has ended. @returns {Process[]} */
function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== '1')
    .flatMap((name) => {
      const state = statOf(Number(name))?.[0]
      if (state === undefined || state === 'Z' || state === 'X') return []
      const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim()
      return [{ pid: Number(name), kind: kindOf(Number(name), command), command }]
    })
}

/** @param {number} pid @param {string} command @returns {string} */
function kindOf(pid, command) {
  if (command.includes('resource_tracker')) return 'tracker'
  if (command.includes('multiprocessing.forkserver')) return 'forkserver'
  if (/tidypool-(guardian|sweep)/.test(command)) return 'guardian'
  const names = readdirSync(plan.folder)
  if (names.includes(`root-${pid}`)) return 'command'
  if (command.startsWith('sleep ')) return 'escaped child'
  if (names.includes(`busy-${pid}`) || /multiprocessing|joblib|loky/.test(command)) return 'worker'
  if (/\bcli\/main\.js\b/.test(command)) return 'tidypool'
  return /python/.test(command) ? 'worker' : (command.split(' ')[0]?.split('/').at(-1) ?? '?')
}

/** What the command line under test said of itself: for the table alone, no cell depends on it. */
function readReport() {
  const text = read(join(plan.folder, 'report.json'))
  if (text === '') return undefined
  const { left = [], stopped = [], objects = [], containment } = JSON.parse(text)
  return {
    ended: left.length + stopped.length,
    removed: objects.filter((/** @type {{ how: string }} */ { how }) => how === 'removed').length,
    containment: containment?.name ?? '',
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it ended while we looked, or is not there
  }
}

/** @param {() => boolean} isSo @param {number} limitMs */
async function until(isSo, limitMs) {
  const deadline = performance.now() + limitMs
  while (!isSo()) {
    if (performance.now() > deadline) return false
    await delay(10)
  }
  return true
}

/** @param {Promise<unknown>} what @param {number} limitMs */
async function within(what, limitMs) {
  const timer = new AbortController()
  const over = delay(limitMs, 'over', { signal: timer.signal }).catch(() => 'over')
  const first = await Promise.race([what, over])
  timer.abort()
  return first !== 'over'
}
