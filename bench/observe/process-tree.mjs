// What a process and everything below it use, as Linux counts it: looked at from outside, so that looking costs them nothing.
import { readFileSync, readdirSync } from 'node:fs'

/** What has gone between listing it and reading it is empty. @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Fields of `/proc/PID/stat` behind the name, which may hold spaces: the first is the state. @param {number} pid */
function statFields(pid) {
  const text = read(`/proc/${pid}/stat`)
  return text === '' ? undefined : text.slice(text.lastIndexOf(') ') + 2).split(' ')
}

/**
 * Every process, but those that have ended and were not waited for.
 *
 * @returns {Map<number, number>} their parents
 */
function parents() {
  const found = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statFields(Number(name))
    if (fields !== undefined && fields[0] !== 'Z') found.set(Number(name), Number(fields[1]))
  }
  return found
}

/** The process itself and what is below it, also in sessions of their own. @param {number} root */
export function treeOf(root) {
  const parentOf = parents()
  const tree = new Set(parentOf.has(root) ? [root] : [])
  for (let size = -1; size !== tree.size;) {
    size = tree.size
    for (const [pid, parent] of parentOf) if (tree.has(parent)) tree.add(pid)
  }
  return [...tree]
}

/** @param {number} pid */
export function isAlive(pid) {
  const state = statFields(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** Threads of a process: what a pool of threads is made of, seen from outside. @param {number} pid */
export function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** What a thread has run since it began, in milliseconds; nothing when it has gone. @param {number} pid @param {number} thread */
export function ranMs(pid, thread) {
  // Nanoseconds, where `stat` counts hundredths of a second.
  const [nanoseconds] = read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')
  return nanoseconds ? Number(nanoseconds) / 1e6 : undefined
}

/** @param {string} text @param {string} name */
function kiB(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

/**
 * Memory that they have in RAM now. Proportional (PSS): a page that n processes share counts as 1/n for each.
 *
 * @param {readonly number[]} pids
 */
export function memoryMb(pids) {
  let rss = 0
  let pss = 0
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`)
    rss += kiB(text, 'Rss')
    pss += kiB(text, 'Pss')
  }
  return { rssMb: rss / 1024, pssMb: pss / 1024 }
}

/** What each has in RAM now, added up; cheaper than `memoryMb`. @param {readonly number[]} pids */
export function residentMb(pids) {
  return pids.reduce((sum, pid) => sum + kiB(read(`/proc/${pid}/status`), 'VmRSS') / 1024, 0)
}

/** The most that each has had in RAM since it began, added up. @param {readonly number[]} pids */
export function peakRssMb(pids) {
  return pids.reduce((sum, pid) => sum + kiB(read(`/proc/${pid}/status`), 'VmHWM') / 1024, 0)
}

/**
 * What they have used of the processors since they began. A thread that was woken gave the processor up before: each wake-up is one
 * voluntary switch.
 *
 * @param {readonly number[]} pids
 */
export function activity(pids) {
  let cpuMs = 0
  let wakeUps = 0
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      cpuMs += ranMs(pid, thread) ?? 0
      const status = read(`/proc/${pid}/task/${thread}/status`)
      wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    }
  }
  return { cpuMs, wakeUps }
}
