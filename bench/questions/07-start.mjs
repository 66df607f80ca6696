// Question 7: how long from the start of a process to its first result, with one and two workers?
//
//   npm run bench -- --only 7
//
// The program that is measured is subjects/first-results.mjs. Needs `npm run build`.
import { rowsOf } from '../contenders/rows.mjs'
import { bound } from '../goals.mjs'
import { startSubject } from '../observe/subject.mjs'

/** @import { Figure, Question, Row } from '../question.mjs' */

/** @type {Figure} */
const first = { name: 'firstMs', title: 'first result, ms', better: 'lower', digits: 1 }
/** @type {Figure} */
const all = { name: 'allMs', title: 'a result for each worker, ms', better: 'lower', digits: 1 }

const groups = [1, 2].flatMap((workers) =>
  /** @type {const} */ (['thread', 'process']).map((kind) => ({
    kind,
    workers,
    name: `${kind === 'thread' ? 'threads' : 'processes'}, ${workers} worker${workers === 1 ? '' : 's'}`,
  })),
)

/** What this Node needs to run a program at all. @type {Row} */
const nodeAlone = {
  group: 'no pool',
  contender: 'none',
  kind: 'thread',
  settings: 'default',
  note: 'node alone',
}

/** @type {Question} */
export default {
  id: '7',
  question: 'How long from the start of a process to its first result?',
  method:
    'A program opens the pool and calls a trivial task once for each worker. The clock is that of the process that starts it, from before the start to the line in which the program says that it has the first result, and all of them.',
  rows: [
    ...groups.flatMap(({ name, kind, workers }) =>
      rowsOf(kind, {
        group: name,
        params: { workers },
        settings: ['default'],
        without: ['raw-batched'],
      }),
    ),
    nodeAlone,
  ],
  figures: [first, all],
  goals: groups.flatMap(({ name }) =>
    [first, all].map((figure) => bound(name, figure, '<=', 15, { contender: 'raw' })),
  ),
  async measure({ contender, kind, settings, params }) {
    const args = [contender, kind, String(params?.workers ?? 1), settings]
    const subject = startSubject('first-results.mjs', args)
    try {
      return { firstMs: await subject.hear('first'), allMs: await subject.hear('all') }
    } finally {
      await subject.end(5000)
    }
  },
}
