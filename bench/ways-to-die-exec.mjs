// Question: what do programs that run other programs leave of them: nothing around it, timeout -k, tini -s, dumb-init, GNU parallel,
// tidypool exec?
//
//   node bench/ways-to-die-exec.mjs [--repeats N] [--only REGEX] [--ways REGEX] [--under REGEX] [--json FILE]
//
// Trials as in bench/python-proof.mjs, with which it shares its rows. Needs the Debian packages tini, dumb-init, parallel,
// python3-joblib and python3-numpy; Linux as root.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  BARE,
  EXEC,
  countLeft,
  describeLeft,
  pythonProgram,
  runTrial,
  versions,
} from '../test/faults/proof/run-trial.mjs'
import { WAYS } from '../test/faults/proof/ways.mjs'

/** @import { Mode, Result } from '../test/faults/proof/run-trial.mjs' */

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    ways: { type: 'string', default: '' },
    under: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})

/** @type {readonly Mode[]} */
const MODES = [
  BARE,
  { name: 'timeout -k 1s', prefix: ['timeout', '-k', '1s', '600s'] },
  { name: 'tini -s', prefix: ['tini', '-s', '--'] },
  { name: 'dumb-init', prefix: ['dumb-init', '--'] },
  {
    name: 'parallel',
    prefix: ['parallel', '--will-cite', '-n0', '-q'],
    suffix: [':::', 'once'],
  },
  EXEC,
]
const PROGRAMS = [
  { name: 'a child in a session of its own', file: 'leaves.py', kind: 'setsid', busy: 1 },
  { name: 'a daemon, environment cleared', file: 'leaves.py', kind: 'daemon', busy: 1 },
  { name: 'System V objects', file: 'leaves.py', kind: 'system-v', busy: 1 },
  { name: 'loky', file: 'pools.py', kind: 'loky', busy: 2 },
  { name: 'shared_memory', file: 'pools.py', kind: 'shared_memory', busy: 2 },
]
const NAMES = [
  'normal end',
  'SIGINT to the group',
  'SIGTERM',
  'timeout -k 1s 3s',
  'SIGKILL',
  'SIGKILL to the group',
  'SIGKILL of the command under it',
  'SIGKILL to the group of the command under it',
]

const repeats = Number(values.repeats)
const modes = MODES.filter(({ name }) => new RegExp(values.under).test(name))
const programs = PROGRAMS.filter(({ name }) => new RegExp(values.only).test(name))
const ways = WAYS.filter(({ name }) => NAMES.includes(name) && new RegExp(values.ways).test(name))

/** @type {{ program: string, way: string, mode: string, results: Result[] }[]} */
const cells = []
for (const program of programs) {
  for (const way of ways) {
    for (const mode of modes) {
      if (way.isWrappedOnly === true && mode === BARE) continue
      const command = pythonProgram(program.file, program.kind, way)
      const results = []
      for (let repeat = 0; repeat < repeats; repeat += 1)
        results.push(await runTrial({ command, mode, way, busy: program.busy }))
      cells.push({ program: program.name, way: way.name, mode: mode.name, results })
      console.error(
        `${program.name}, ${way.name}, ${mode.name}: ${results.map(({ left }) => describeLeft(left)).join('; ')}`,
      )
    }
  }
}

const installed = { ...versions(), ...peerVersions() }
const made = Object.entries(installed).map(([name, version]) => `${name} ${version}`)
console.log(
  `What was left 2 s after the end of what was started; * it did not end within 5 s, and was sent SIGTERM. ${repeats} ${repeats === 1 ? 'run' : 'runs'} each; ${new Date().toISOString().slice(0, 10)}; ${made.join(', ')}.\n`,
)
console.log(`| | ended by | ${modes.map(({ name }) => name).join(' | ')} |`)
console.log(`| --- | --- |${modes.map(() => ' --- |').join('')}`)
for (const program of programs) {
  for (const way of ways) {
    const row = modes.map((mode) => cell(program.name, way.name, mode.name))
    console.log(`| ${program.name} | ${way.name} | ${row.join(' | ')} |`)
  }
}
const dirty = cells
  .filter(({ mode }) => mode === EXEC.name)
  .flatMap(({ results }) => results)
  .filter(({ left }) => countLeft(left) > 0).length
if (values.json) {
  const all = { date: new Date().toISOString(), versions: installed, repeats, cells }
  writeFileSync(values.json, `${JSON.stringify(all, undefined, 1)}\n`)
}
process.exitCode = dirty > 0 ? 1 : 0

/** @param {string} program @param {string} way @param {string} mode */
function cell(program, way, mode) {
  const found = cells.find((one) => one.program === program && one.way === way && one.mode === mode)
  if (!found) return 'as SIGKILL'
  const texts = found.results.map(
    ({ left, isStubborn }) => `${describeLeft(left)}${isStubborn ? '*' : ''}`,
  )
  return [...new Set(texts)].join(' or ')
}

/** @returns {Record<string, string>} */
function peerVersions() {
  const packages = ['coreutils', 'tini', 'dumb-init', 'parallel']
  const text = execFileSync('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...packages], {
    encoding: 'utf8',
  })
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  )
}
