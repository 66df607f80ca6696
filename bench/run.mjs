// Question: how fast is tidypool, beside its peers and the bare channel?
//
//   npm run bench -- [--only ID]... [--rounds N] [--quick] [--json FILE]
//
// Needs `npm run build` (which `npm run bench` does). The peers are pinned in bench/package.json and are installed into
// bench/node_modules at first use. Every measurement is a fresh process; in each round every row has its turn, in another order, so
// that what else the machine does falls on all alike. Prints markdown to stdout, what it is doing to stderr. docs/performance.md says
// what each question asks, and question.mjs how to add one.
import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { verdictsOf } from './goals.mjs'
import { aboutHere, linesAbout, load } from './machine.mjs'
import { installPeersHere } from './peers-here.mjs'
import { DEFAULTS } from './question.mjs'
import { loadQuestions } from './questions.mjs'
import { runRounds } from './rounds.mjs'
import { tablesOf } from './table.mjs'

const HELP = `How fast is tidypool, beside its peers and the bare channel? Prints tables (markdown) to stdout.

  npm run bench -- [--only ID]... [--rounds N] [--quick] [--json FILE]

  --only ID     one question alone, with its parts; may be repeated
  --rounds N    how often each row has its turn (default: what the question says, or ${DEFAULTS.rounds})
  --quick       every row once and briefly: sees that everything runs, its figures mean nothing
  --json FILE   every measurement and verdict, written anew after each question
  -h, --help    this text

Questions:
`

/** @param {string} why @returns {never} */
function refuse(why) {
  console.error(`bench: ${why}\nnpm run bench -- --help tells more.`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const values = readOptions()
const { quick: isQuick, json } = values
const known = await loadQuestions()
if (values.help) {
  console.log(HELP + known.map(({ id, question }) => `  ${id.padEnd(6)}${question}`).join('\n'))
  process.exit()
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
  refuse(`--rounds ${values.rounds}? A whole number above 0.`)
/** `10` means its parts as well: `10.1`. @param {{ id: string }} question @param {string} wanted */
const isMeant = ({ id }, wanted) => id === wanted || id.startsWith(`${wanted}.`)
const unknown = values.only?.find((wanted) => !known.some((each) => isMeant(each, wanted)))
if (unknown !== undefined)
  refuse(`--only ${unknown}? Known: ${known.map(({ id }) => id).join(' ')}`)
if (!existsSync(new URL('../dist/index.js', import.meta.url)))
  refuse('there is no dist/: run `npm run build` first.')
const questions = known.filter(
  (question) => values.only?.some((wanted) => isMeant(question, wanted)) ?? true,
)
installPeersHere()

/** Ended by the user, what runs is killed with its group, and what a question has made is taken back. */
const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopped.abort())

const about = aboutHere()
const count = rounds ?? (isQuick ? 1 : DEFAULTS.rounds)
console.log(
  `${linesAbout(about)}\n2 workers, medians of ${count} rounds unless a question says otherwise.`,
)
if (isQuick) console.log('**Quick: too short to mean anything.**')

/** @type {object[]} */
const answers = []
/** @type {boolean[]} */
const reached = []
for (const question of questions) {
  const cells = await runRounds(question, { isQuick, rounds, signal: stopped.signal })
  console.log(`\n${tablesOf(question, cells)}`)
  const goals = verdictsOf(question, cells)
  reached.push(...goals.map(({ isMet }) => isMet === true))
  answers.push({ id: question.id, question: question.question, cells, goals })
  if (json !== undefined) {
    const report = { ...about, loadAfter: load(), isQuick, questions: answers }
    writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
  }
}
console.log(
  `\n${reached.filter(Boolean).length} of ${reached.length} goals reached; load after ${load()}.`,
)
