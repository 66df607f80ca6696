// Who is compared, and with which settings: as the README of each shows it, with eight workers; where there is another kind of
// worker, of which more survives, with that as well.
import { fileURLToPath } from 'node:url'

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} from      The package, or `python3`.
 * @property {string} [pinned]  Its version.
 * @property {readonly string[]} words
 * @property {string} settings
 */

/** @param {string} file @param {readonly string[]} args */
function node(file, ...args) {
  return [process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args]
}

/** @type {readonly Contender[]} */
export const CONTENDERS = [
  {
    name: 'tidypool',
    from: 'tidypool',
    words: node('tidypool.mjs'),
    settings: 'AdaptiveExecutor, maxWorkers 8, retries 3',
  },
  {
    name: 'piscina',
    from: 'piscina',
    pinned: '5.3.2',
    words: node('piscina.mjs'),
    settings: 'minThreads and maxThreads 8; it has threads alone, and no retries',
  },
  {
    name: 'tinypool threads',
    from: 'tinypool',
    pinned: '2.2.0',
    words: node('tinypool.mjs', 'worker_threads'),
    settings: 'its default runtime, minThreads and maxThreads 8; no retries',
  },
  {
    name: 'tinypool processes',
    from: 'tinypool',
    pinned: '2.2.0',
    words: node('tinypool.mjs', 'child_process'),
    settings: 'runtime child_process, minThreads and maxThreads 8; no retries',
  },
  {
    name: 'workerpool threads',
    from: 'workerpool',
    pinned: '10.0.3',
    words: node('workerpool.mjs', 'thread'),
    settings: 'workerType thread, which is what auto takes, maxWorkers 8; no retries',
  },
  {
    name: 'workerpool processes',
    from: 'workerpool',
    pinned: '10.0.3',
    words: node('workerpool.mjs', 'process'),
    settings: 'workerType process, maxWorkers 8; no retries',
  },
  {
    name: 'jest-worker processes',
    from: 'jest-worker',
    pinned: '30.5.1',
    words: node('jest-worker.mjs', 'processes'),
    settings: 'its default, numWorkers 8, and its default of 3 maxRetries',
  },
  {
    name: 'jest-worker threads',
    from: 'jest-worker',
    pinned: '30.5.1',
    words: node('jest-worker.mjs', 'threads'),
    settings: 'enableWorkerThreads, numWorkers 8, and its default of 3 maxRetries',
  },
  {
    name: 'ProcessPoolExecutor',
    from: 'python3',
    words: ['python3', fileURLToPath(new URL('concurrent_futures.py', import.meta.url))],
    settings: 'max_workers 8, the default start method; no retries',
  },
]
