// Runs the clean-up script of the built package on journals that mean harm, as process 1 of its own pid namespace, and fails
// if anything was ended or removed that belongs to nobody of them.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cleanUpScript } from '../../../dist/lifetime/clean-up-script.js'
import { processWorld } from '../../../dist/os/machine.js'

const [shell = 'sh', ...shellArgs] = process.argv.slice(2)
assert.equal(process.pid, 1, 'only as process 1 of a pid namespace')

const folder = mkdtempSync(path.join(os.tmpdir(), 'hostile-'))
const journals = path.join(folder, processWorld())
mkdirSync(journals, { mode: 0o700 })
const canary = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
const files = path.join(folder, 'canary')
mkdirSync(files)
writeFileSync(path.join(files, 'file'), '')

/** @param {number | undefined} pid */
const startOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[21]
/** @param {string} text */
const octal = (text) =>
  [...Buffer.from(text)].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')

const pids = [
  '0',
  '-1',
  '1',
  '-0',
  '01',
  '+1',
  '',
  '*',
  '$(kill -9 -1)',
  '`id`',
  '..',
  '1 1',
  '999999999999999999999',
  '2147483647',
  `-${canary.pid}`,
  `0${canary.pid}`,
]
const starts = ['', '*', '0', '-1', '$PPID', startOf(1), startOf(process.pid)]
const paths = [
  '/',
  '//',
  '.',
  '..',
  files,
  `${files}/`,
  `${folder}/../..`,
  '*',
  '~',
  '$HOME',
  '',
  `${files}\n/`,
  '\\c',
  '/tmp',
  '/proc',
  '-rf /',
]
const texts = [
  pids
    .flatMap((pid) => starts.map((start) => `p ${pid} ${start}\ng ${pid} ${start}\no ${pid}\n`))
    .join(''),
  paths
    .map((name) => `d ${name}\ni 1 1 ${name}\nd ${octal(name)}\ni * * ${octal(name)}\n`)
    .join(''),
  `p ${canary.pid} ${startOf(canary.pid)}`, // torn: without its newline it was never acted upon
  `p ${canary.pid} ${Number(startOf(canary.pid)) + 1}\n`,
  'p\ng\no\nd\ni\nx\n\n   \n',
  ';kill -9 -1;\n$(kill -9 -1)\n`kill -9 -1`\n',
  `p ${'9'.repeat(100_000)} 1\n`,
  '',
]
/** @type {(string | Buffer)[]} */
const all = [...texts, ...Array.from({ length: 10 }, () => randomBytes(2000))]

/** @param {string} scope */
const name = (scope, owner = '999999-1') => path.join(journals, `${owner}-${scope}.v1`)
const hex = () => randomBytes(16).toString('hex')
/** @type {string[]} */
const written = []
for (const text of all) {
  const file = name(hex())
  writeFileSync(file, text)
  written.push(file)
}
// Journals that are none: what they point at, or whose they are said to be, must be left as it is.
const untouched = [
  name(''),
  name('*'),
  name(hex().slice(1)),
  name(hex(), '0-1'),
  name(hex(), '*-1'),
  name(hex(), '-1-1'),
  name(hex()).replace('.v1', '.v2'),
]
for (const file of untouched) writeFileSync(file, `p ${canary.pid} ${startOf(canary.pid)}\n`)
const link = name(hex())
symlinkSync(path.join(files, 'file'), link)
const directory = name(hex())
mkdirSync(directory)

const given = ['', '/', '*', ...untouched, link, directory, ...written]
const { status } = spawnSync(
  shell,
  [...shellArgs, '-c', cleanUpScript, 'tidypool-sweep', 'sweep', ...given],
  {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: files,
  },
)
assert.equal(status, 0)
assert.equal(canary.exitCode, null)
assert.match(
  readFileSync(`/proc/${canary.pid}/stat`, 'latin1').split(' ')[2] ?? '',
  /[RSD]/,
  'the canary was ended',
)
assert.ok(existsSync(path.join(files, 'file')), 'a file of somebody else was removed')
for (const file of [...untouched, link, directory])
  assert.ok(existsSync(file), `${file} was removed`)
for (const file of written) assert.ok(!existsSync(file), `${file} was not worked through`)

// An id that is not exactly 32 hex digits is refused before anything else: every process carries an empty one.
for (const scope of [
  '',
  '0',
  '*',
  '.',
  hex().slice(1),
  `${hex()}0`,
  hex().toUpperCase(),
  `${hex().slice(1)}*`,
  `${hex().slice(1)}\n`,
]) {
  const carrier = spawn('sleep', ['300'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, TIDYPOOL_SCOPE: scope },
  })
  for (const journal of ['-', name(hex())]) {
    const guardian = spawnSync(shell, [
      ...shellArgs,
      '-c',
      cleanUpScript,
      'tidypool-guardian',
      'guardian',
      scope,
      journal,
    ])
    assert.equal(guardian.status, 2, `id ${JSON.stringify(scope)}`)
  }
  assert.match(
    readFileSync(`/proc/${carrier.pid}/stat`, 'latin1').split(' ')[2] ?? '',
    /[RSD]/,
    `id ${JSON.stringify(scope)}`,
  )
  carrier.kill('SIGKILL')
}
canary.kill('SIGKILL')
rmSync(folder, { recursive: true, force: true })
