import { readFileSync, readdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { threadsOf, treeOf } from './process-tree.mjs'

/** Node's own threads for files are started when several are used at once: that must not look like something left. */
export async function startFileThreads() {
  await Promise.all(Array.from({ length: 16 }, () => stat('/')))
}

/** Processes that carry the text in the environment that they were started with. @param {string} mark */
function carriers(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`).includes(mark)
      } catch {
        return false // it ended while we looked
      }
    })
    .map(Number)
}

/**
 * Counts what this process has, and what is there that it may have made.
 *
 * @param {string} folder  Its temporary directory.
 * @param {string} mark    In its environment, and so in that of what it started, wherever that hangs now.
 */
export async function lookAround(folder, mark) {
  await startFileThreads()
  const processes = new Set([...treeOf(process.pid), ...carriers(mark)])
  return {
    processes: processes.size,
    threads: threadsOf(process.pid).length,
    descriptors: readdirSync('/proc/self/fd').length,
    shared: readdirSync('/dev/shm').length,
    temporary: readdirSync(folder, { recursive: true }).length,
  }
}
