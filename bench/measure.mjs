// One measurement, in a process of its own: what run.mjs starts for every row and round.
//
//   node bench/measure.mjs QUESTION ROW-INDEX [--quick]
//
// Prints the figures as one line of JSON. Started as the leader of a process group it ends that group when it is done, since some
// contenders leave workers behind: while the leader lives nobody else can have that number.
import { writeSync } from 'node:fs'
import { loadQuestions } from './questions.mjs'

const [id, index, scale] = process.argv.slice(2)
const question = (await loadQuestions()).find((each) => each.id === id)
const row = question?.rows[Number(index)]
if (question === undefined || row === undefined)
  throw new Error(`There is no row ${index} of question ${id}.`)

const figures = await question.measure(row, { isQuick: scale === '--quick' })
writeSync(1, `${JSON.stringify(figures)}\n`)
if (process.env.TIDYPOOL_BENCH_GROUP) process.kill(-process.pid, 'SIGKILL')
process.exit()
