// What the base lines stand on: workers of Node itself, a thread with its port or a `fork`, and nothing around them.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { announceTasks } from './peer.mjs'

/**
 * @typedef {object} Channel
 * @property {(message: unknown, transfer?: readonly ArrayBuffer[]) => void} post
 * @property {(listener: (message: unknown) => void) => void} onMessage
 * @property {() => Promise<void>} close
 */

/**
 * @param {import('../question.mjs').OpenOptions} options
 * @param {URL} script
 * @returns {Channel[]}
 */
export function openChannels({ kind, workers, settings, tasks, isBinary }, script) {
  announceTasks(tasks)
  const isAdvanced = settings === 'best' || isBinary
  const open = () => (kind === 'thread' ? thread(script) : forked(script, isAdvanced))
  return Array.from({ length: workers }, open)
}

/** @param {URL} script @returns {Channel} */
function thread(script) {
  const worker = new Worker(script)
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onMessage: (listener) => void worker.on('message', listener),
    close: async () => void (await worker.terminate()),
  }
}

/** @param {URL} script @param {boolean} [isAdvanced] @returns {Channel} */
function forked(script, isAdvanced) {
  const serialization = isAdvanced ? 'advanced' : 'json'
  const child = fork(fileURLToPath(script), { serialization })
  return {
    post: (message) =>
      void child.send(/** @type {import('node:child_process').Serializable} */ (message)),
    onMessage: (listener) => void child.on('message', listener),
    async close() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
