// What this process holds, and what there is of it elsewhere on the machine.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/** @typedef {ReturnType<typeof holdings>} Holdings */

/** Descriptors, listeners, handles, threads and children (zombies too) of this process. */
export function holdings() {
  /** @type {Record<string, number>} */
  const descriptors = {}
  // A thread that is terminated while Node's loader opens a file leaves it open (seen with nothing but `new Worker`).
  let modules = 0
  for (const fd of readdirSync('/proc/self/fd')) {
    const target = linkOf(`/proc/self/fd/${fd}`)
    // The one that lists the others names the folder, or is gone.
    if (target === undefined || target.startsWith('/proc/')) continue
    if (/\.m?js$/.test(target)) {
      modules += 1
      continue
    }
    const name = target.replace(/:?\[\d+\]$/, '')
    descriptors[name] = (descriptors[name] ?? 0) + 1
  }
  /** @type {Record<string, number>} */
  const listeners = {}
  for (const name of process.eventNames()) listeners[String(name)] = process.listenerCount(name)
  const threads = readdirSync('/proc/self/task')
  const children = threads.flatMap((thread) =>
    textOf(`/proc/self/task/${thread}/children`).split(' ').filter(Boolean),
  )
  const states = children.map((pid) => textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.[0])
  return {
    descriptors,
    modules,
    listeners,
    handles: process.getActiveResourcesInfo().filter((name) => !/Timeout|Write|FSReq/.test(name)),
    threads: threads.length,
    children: children.length,
    zombies: states.filter((state) => state === 'Z').length,
  }
}

/** @param {Holdings} held */
export function count(held) {
  return Object.values(held.descriptors).reduce((sum, one) => sum + one, 0)
}

/** Processes whose environment has the text, but for zombies: they have none. @param {string} mark */
export function processesWith(mark) {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && textOf(`/proc/${entry}/environ`).includes(mark))
    .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).split('\0').join(' ').slice(0, 120)}`)
}

/** Files below a folder; folders of state without a file are none. @param {string} folder */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name !== 'ended.log')
    .map((entry) => path.join(entry.parentPath, entry.name))
}

/** @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return '' // it has ended meanwhile
  }
}

/** @param {string} file */
function linkOf(file) {
  try {
    return readlinkSync(file)
  } catch {
    return undefined
  }
}
