// Question: what does a Python program with a pool leave behind, for every way in which it can end, bare and under tidypool exec?
//
//   node bench/python-proof.mjs [--repeats N] [--only REGEX] [--ways REGEX] [--json FILE]
//
// Each trial runs in namespaces of its own (processes, IPC, /dev/shm), so that what is left there is its own: see
// test/faults/proof/. Linux as root; needs python3 with joblib and numpy (Debian: python3-joblib python3-numpy), and the built
// package. Prints Markdown; progress on standard error.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  BARE,
  EXEC,
  countLeft,
  describeLeft,
  execMode,
  pythonPool,
  runTrial,
  versions,
} from '../test/faults/proof/run-trial.mjs'
import { KINDS, WAYS } from '../test/faults/proof/ways.mjs'

/** @import { Result } from '../test/faults/proof/run-trial.mjs' */

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    ways: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const repeats = Number(values.repeats)
const kinds = KINDS.filter((kind) => new RegExp(values.only).test(kind))
const ways = WAYS.filter(({ name }) => new RegExp(values.ways).test(name))

/** @type {{ kind: string, way: string, mode: string, results: Result[] }[]} */
const cells = []
for (const kind of kinds) {
  for (const way of ways) {
    const exec = execMode(kind, way)
    for (const mode of way.isWrappedOnly === true ? [exec] : [BARE, exec]) {
      const results = []
      for (let repeat = 0; repeat < repeats; repeat += 1)
        results.push(await runTrial({ command: pythonPool(kind, way), mode, way }))
      cells.push({ kind, way: way.name, mode: mode.name, results })
      console.error(
        `${kind}, ${way.name}, ${mode.name}: ${results.map(({ left }) => describeLeft(left)).join('; ')}`,
      )
    }
  }
}

const installed = versions()
console.log(
  `What was left 2 s after the end of what was started: w workers or fork servers, t resource trackers, n names in /dev/shm, f other files; * it did not end within 5 s, and was sent SIGTERM; † with --tmp, without which a folder stays. ${repeats} ${repeats === 1 ? 'run' : 'runs'} each; ${new Date().toISOString().slice(0, 10)}; ${Object.entries(
    installed,
  )
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.\n`,
)
for (const mode of [BARE, EXEC]) {
  console.log(`| ${mode.name} | ${kinds.join(' | ')} |`)
  console.log(`| --- |${kinds.map(() => ' --- |').join('')}`)
  for (const way of ways) {
    if (way.isWrappedOnly === true && mode === BARE) continue
    const row = kinds.map((kind) => {
      const isTmp = mode === EXEC && execMode(kind, way) !== EXEC
      return `${cell(kind, way.name, mode.name)}${isTmp ? '†' : ''}`
    })
    console.log(`| ${way.name} | ${row.join(' | ')} |`)
  }
  console.log()
}
const under = cells.filter(({ mode }) => mode === EXEC.name).flatMap(({ results }) => results)
const bare = cells.filter(({ mode }) => mode === BARE.name).flatMap(({ results }) => results)
const dirty = (/** @type {Result[]} */ results) =>
  results.filter(({ left }) => countLeft(left) > 0).length
console.log(
  `${dirty(bare)} of ${bare.length} bare runs left something, ${dirty(under)} of ${under.length} under exec.`,
)
if (values.json) {
  const text = JSON.stringify(
    { date: new Date().toISOString(), versions: installed, repeats, cells },
    undefined,
    1,
  )
  writeFileSync(values.json, `${text}\n`)
}
process.exitCode = dirty(under) > 0 ? 1 : 0

/**
 * `w2 t1 n5`; under exec also what it said that it ended and removed; `*` where the command did not end by itself within 5 s,
 * and was sent SIGTERM.
 *
 * @param {string} kind
 * @param {string} way
 * @param {string} mode
 */
function cell(kind, way, mode) {
  const found = cells.find((one) => one.kind === kind && one.way === way && one.mode === mode)
  const texts = (found?.results ?? []).map((result) => {
    const said =
      result.report === undefined || result.report.ended + result.report.removed === 0
        ? ''
        : ` (ended ${result.report.ended}, removed ${result.report.removed})`
    return `${short(result)}${said}${result.isStubborn ? '*' : ''}`
  })
  return [...new Set(texts)].join(' or ')
}

/** @param {Result} result */
function short({ left: { processes, names, systemV, files } }) {
  const trackers = processes.filter((one) => one.kind === 'tracker').length
  const parts = [
    ['w', processes.length - trackers],
    ['t', trackers],
    ['n', names.length],
    ['f', files.length + systemV.length],
  ].filter(([, count]) => count !== 0)
  return parts.length === 0 ? '0' : parts.map((part) => part.join('')).join(' ')
}
