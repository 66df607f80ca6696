// Question 12: how fast is real work on two workers: parsing the JavaScript files under node_modules, and SHA-256 of 1 GiB in files?
//
//   npm run bench -- --only 12
//
// Needs `npm run build`, the packages of the root (acorn parses, their files are what is parsed), 1 GiB in the temporary directory
// while it runs, and two processors that nobody else uses.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openRow } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast } from '../goals.mjs'

/** @import { Figure, Pool, Question, Row } from '../question.mjs' */

const FILES = 64
const FILE_BYTES = 16 * 1024 * 1024
/** Where the runner's `prepare` tells the measurements what it has made. */
const FOLDER = 'TIDYPOOL_BENCH_FILES'

/** @type {Figure} */
const speed = { name: 'mbPerSecond', title: 'MB/s', better: 'higher', digits: 1 }

const groups = /** @type {const} */ (['parseFile', 'hashFile']).flatMap((task) =>
  /** @type {const} */ (['thread', 'process']).map((kind) => ({
    kind,
    task,
    name: `${task === 'parseFile' ? 'parse' : 'SHA-256'}, ${kind === 'thread' ? 'threads' : 'processes'}`,
  })),
)

/** No pool and no worker: the base line here, which takes the place of the raw channel. @param {string} group @param {string} task @returns {Row} */
const oneThread = (group, task) => ({
  group,
  contender: 'raw',
  kind: 'thread',
  settings: 'default',
  note: 'one thread, no pool',
  params: { task, isAlone: true },
})

/** @param {boolean} isQuick */
function sources(isQuick) {
  const folder = fileURLToPath(new URL('../../node_modules', import.meta.url))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?js$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  return isQuick ? files.slice(0, 40) : files
}

function madeFiles() {
  const folder = process.env[FOLDER]
  if (folder === undefined) throw new Error('the files are made by the runner: npm run bench')
  return readdirSync(folder).map((name) => join(folder, name))
}

const piece = Buffer.alloc(1024 * 1024)

/** Reads a file, and forgets it. @param {string} file @returns how many bytes it has. */
function readOnce(file) {
  const descriptor = openSync(file, 'r')
  try {
    let bytes = 0
    for (let read = -1; read !== 0; bytes += read) read = readSync(descriptor, piece)
    return bytes
  } finally {
    closeSync(descriptor)
  }
}

/** Gives work to a pool, or does it right here. @param {Row} row @returns {Promise<Pool>} */
async function place(row) {
  const tasks = new URL('../subjects/real-work.mjs', import.meta.url)
  if (!row.params?.isAlone) return openRow(row, { tasks })
  const work = await import(tasks.href)
  return { call: async (name, argument) => work[name](argument), close: async () => {} }
}

/** @type {Question} */
export default {
  id: '12',
  question: 'How fast is real work on two workers?',
  method: `Parse: acorn reads every .js, .mjs and .cjs file under node_modules, a task a file. SHA-256: ${FILES} files of ${FILE_BYTES / 1024 ** 2} MiB of random bytes, a task a file, which the runner makes before. All are submitted at once; time includes the start of the workers, and every file has been read just before. MB: of the files. One thread does the same in a loop.`,
  rows: groups.flatMap(({ kind, task, name }) => [
    ...rowsOf(kind, { group: name, params: { task }, without: ['raw', 'raw-batched'] }),
    oneThread(name, task),
  ]),
  figures: [
    speed,
    { name: 'seconds', title: 's', better: 'lower', digits: 2 },
    { name: 'files', title: 'files', better: 'higher' },
  ],
  goals: groups.flatMap(({ name }) => [
    atLeast(name, speed, 1, 'the best peer'),
    atLeast(name, speed, 1.9, { contender: 'raw' }),
  ]),
  limitMs: 120_000,
  async prepare({ isQuick }) {
    const folder = mkdtempSync(join(tmpdir(), 'real-work-'))
    process.env[FOLDER] = folder
    const bytes = randomBytes(FILE_BYTES / (isQuick ? 64 : 1))
    for (let n = 0; n < FILES; n += 1) {
      bytes.writeUInt32LE(n)
      writeFileSync(join(folder, `${n}.bin`), bytes)
    }
  },
  async tidy() {
    const folder = process.env[FOLDER]
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  },
  async measure(row, { isQuick }) {
    const task = String(row.params?.task)
    const files = task === 'parseFile' ? sources(isQuick) : madeFiles()
    // Whoever comes first after minutes would read from the disk what the kernel has taken out of memory meanwhile.
    const bytes = files.reduce((sum, file) => sum + readOnce(file), 0)
    const startedAt = performance.now()
    const { call, close } = await place(row)
    const results = await Promise.all(files.map((file) => call(task, file)))
    const seconds = (performance.now() - startedAt) / 1000
    await close()
    const isRight = (/** @type {unknown} */ result) =>
      task === 'parseFile' ? Number.isInteger(result) : /^[0-9a-f]{64}$/.test(String(result))
    if (!results.every(isRight)) throw new Error('results are wrong')
    return { mbPerSecond: bytes / 1024 ** 2 / seconds, seconds, files: files.length }
  },
}
