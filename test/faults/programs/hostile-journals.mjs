// A program starts where the state directory is full of journals that mean harm: `hostile-journals.mjs SEED`. Only in a pid
// namespace of its own: if it is wrong, everything that runs there is ended.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { ProcessExecutor, audit, sweep, withTempDir } from 'tidypool'
import { isCanary, makeCanaries } from './canary.mjs'

const [seed = '0'] = process.argv.slice(2)
assert.ok(Number(readlinkSync('/proc/self')) < 20, 'this is a pid namespace of its own')
let drawn = 0
/** Repeatable chance. @param {number} bytes */
function random(bytes) {
  const parts = []
  for (let size = 0; size < bytes; size += 32) {
    parts.push(createHash('sha256').update(`${seed} ${drawn++}`).digest())
  }
  return Buffer.concat(parts).subarray(0, bytes)
}
const hex = () => random(16).toString('hex')
/** @template T @param {readonly [T, ...T[]]} from @returns {T} */
const pick = (from) => from[random(1).readUInt8() % from.length] ?? from[0]

const state = process.env['TIDYPOOL_STATE_DIR'] ?? ''
const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]
const folder = path.join(state, `${boot}-${namespace}`)
mkdirSync(folder, { mode: 0o700 })
const canaries = makeCanaries(path.join(state, '..'))
/** @param {number | undefined} pid */
const startOf = (pid) =>
  readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19] ?? ''
const { pid, directory } = canaries
const start = startOf(pid)

const words = /** @type {const} */ ([
  '0',
  '-1',
  '1',
  '',
  '*',
  '$(kill -9 -1)',
  '`kill -9 -1`',
  '..',
  '2147483648',
  '99999999999999999999',
  String(pid),
  `-${pid}`,
  `0${pid}`,
  `${pid};`,
  start,
  '/',
  directory,
  `${directory}/..`,
  '\\0057',
  '~',
  '$HOME',
  ';',
  '&',
  '|',
  '>',
  "'",
  '"',
  '\\',
  '\t',
  '\0',
  '\r',
])
const kinds = /** @type {const} */ (['p', 'g', 'o', 'd', 'i', 'm', 'x', 'q', ''])
const line = () => [pick(kinds), pick(words), pick(words), pick(words)].join(' ')
// The one thing that would be right: then it would be ours to end.
const isHonest = (/** @type {string} */ text) => {
  // As a shell reads it: without zero bytes, several spaces as one.
  const [kind, first, second] = text.replaceAll('\0', '').trim().split(/ +/)
  return (kind === 'p' || kind === 'g') && first === String(pid) && second === start
}

/** @param {string} owner @param {string} scope */
const name = (owner, scope, version = '.v1') => path.join(folder, `${owner}-${scope}${version}`)
/** Files that are to be worked through, and do nothing. @type {string[]} */
const dead = []
for (let index = 0; index < 40; index++) {
  const file = name(`${900_000 + index}-1`, hex())
  const text =
    index % 4 === 0
      ? random(2000)
      : Array.from({ length: 50 }, line)
          .filter((one) => !isHonest(one))
          .join('\n') + pick(['\n', ''])
  writeFileSync(file, text)
  dead.push(file)
}
// A record that names the canary, cut before its end.
const torn = name('900100-1', hex())
writeFileSync(torn, `p ${pid} ${start}`)
// The number of a canary, of another time; and those of the first process and of ourselves.
const reused = name('900101-1', hex())
writeFileSync(
  reused,
  `p ${pid} ${Number(start) - 1}\np 1 ${startOf(1)}\np ${process.pid} 1\np 0 0\np -1 0\n`,
)
dead.push(torn, reused)
// Files that are no journals: whose they are nobody knows, so they stay as they are.
const honest = `p ${pid} ${start}\n`
const unknown = [
  name('900102-1', hex(), '.v2'),
  name('900103-1', hex(), '.v10'),
  name('900104-1', ''),
  name('900105-1', '0'),
  name('900106-1', hex().slice(1)),
  name('900107-1', `${hex()}0`),
  name('900108-1', hex().toUpperCase().replaceAll(/\d/g, 'A')),
  name('0-1', hex()),
  name('-1', hex()),
  name('*', hex()),
  path.join(folder, 'notes'),
  path.join(folder, '*'),
  path.join(folder, '$(kill -9 -1)'),
  path.join(folder, '-rf'),
]
for (const file of unknown) writeFileSync(file, honest)
const link = name('900109-1', hex())
symlinkSync(path.join(directory, 'file'), link)
const fifo = name('900110-1', hex())
mkdirSync(fifo)
const all = [...unknown, link, fifo]

// It starts, and works.
const pool = new ProcessExecutor(new URL('tasks.mjs', import.meta.url), { maxWorkers: 1 })
assert.equal(await pool.submit('twice', 21), 42)
const used = await withTempDir((dir) => dir)
assert.ok(!existsSync(used))
await sweep()
for (let waited = 0; dead.some((file) => existsSync(file)); waited++) {
  assert.ok(
    waited < 400,
    `not worked through: ${dead.filter((file) => existsSync(file)).join(' ')}`,
  )
  await new Promise((resolve) => setTimeout(resolve, 10))
}
const listed = audit().journals.filter(({ standing }) => standing !== 'live')
assert.deepEqual(
  all.filter((file) => !listed.some((journal) => journal.path === file)),
  [],
  'they are listed',
)
for (const file of unknown) assert.equal(readFileSync(file, 'utf8'), honest, file)
assert.ok(existsSync(link) && existsSync(fifo))
assert.ok(isCanary(canaries), 'a canary was touched')
await pool.shutdown()
assert.ok(isCanary(canaries), 'a canary was touched')
canaries.end()
console.log('ready {}')
