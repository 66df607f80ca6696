// What a test run left behind, looked at from outside: processes that carry the run's mark in their
// environment, entries of the temporary directory that was the run's own, and control groups that nobody is in.
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { filesBelow } from './project.mjs'

const markName = 'TIDYPOOL_TEST_RUN'
/** What DESIGN promises for whatever way a process ends. */
const promiseMs = 2000

/** Marks a run; give `env` to its processes, and ask `list()` when they have ended. */
export function watchLeftovers() {
  const mark = randomBytes(8).toString('hex')
  // Short, because Unix sockets in it have names of at most 100 bytes.
  const tmp = mkdtempSync(path.join(os.tmpdir(), 'tt-'))
  // Some tests run programs as another user, in folders below this one.
  chmodSync(tmp, 0o711)

  const groupsBefore = new Set(emptyGroups())
  const look = () => [
    ...processesWith(`${markName}=${mark}`),
    // Of another run as well: but nobody's stay empty.
    ...emptyGroups()
      .filter((group) => !groupsBefore.has(group))
      .map((group) => `control group ${group}`),
    ...readdirSync(tmp)
      .filter((name) => !isExpected(name))
      .map((name) => `in the temporary directory: ${name}`),
  ]

  /** The state directory stays, empty of journals; so does the cache of the compiler the tests run through. @param {string} name */
  const isExpected = (name) =>
    name.startsWith('tsx-') ||
    name.startsWith('node-compile-cache') ||
    (name === `tidypool-${process.getuid?.()}` && filesBelow(path.join(tmp, name)).length === 0)

  return {
    tmp,
    env: {
      [markName]: mark,
      TMPDIR: tmp,
      XDG_RUNTIME_DIR: undefined,
      TIDYPOOL_STATE_DIR: undefined,
    },
    /** Lists what is left once the time that is promised for cleaning up is over. */
    async list() {
      const deadline = performance.now() + promiseMs
      while (look().length > 0 && performance.now() < deadline) await delay(20)
      return look()
    },
    remove() {
      rmSync(tmp, { recursive: true, force: true })
    },
  }
}

/** @param {string} entry */
function processesWith(entry) {
  /** @type {string[]} */
  const found = []
  for (const pid of process.platform === 'linux' ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      if (!environment.includes(entry)) continue
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ')
      // A zombie has no environment and is not listed: it is gone but for its parent's look.
      found.push(`process ${pid}: ${command.slice(0, 160)}`)
    } catch {
      // It ended while we looked, or is another user's.
    }
  }
  return found
}

/** Control groups of tidypool without a process in them or below. @returns {string[]} */
function emptyGroups() {
  return foldersBelow('/sys/fs/cgroup')
    .filter((folder) => /^tidypool-[0-9a-f]{12}$/.test(path.basename(folder)))
    .filter((group) => [group, ...foldersBelow(group)].every((folder) => !hasMembers(folder)))
}

/** @param {string} folder @returns {string[]} */
function foldersBelow(folder) {
  if (!existsSync(folder)) return []
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(folder, entry.name))
      .flatMap((below) => [below, ...foldersBelow(below)])
  } catch {
    return [] // removed meanwhile, or closed to us
  }
}

/** @param {string} group */
function hasMembers(group) {
  try {
    return readFileSync(path.join(group, 'cgroup.procs'), 'utf8') !== ''
  } catch {
    return true // removed meanwhile: it is not left
  }
}
