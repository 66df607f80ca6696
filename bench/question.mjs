// What a question of the comparison is: a file in questions/, called after its number, whose default export is a `Question`.
//
// The runner (run.mjs) reads them all. For every round and every row it starts `node measure.mjs ID INDEX`, a fresh process
// that calls `measure` with that row and prints what it returns; then medians, spread, ratios and goals become the table.
//
//   questions/NN-name.mjs ─▶ run.mjs ─ for each round, for each row ─▶ measure.mjs ─ one line of JSON ─▶ cells ─▶ table
//
// So a question file is read by the runner as well: at its top level it defines, and does not measure. `measure` opens what it
// needs, for the most part a contender (contenders/), closes it, and returns figures by name.

/**
 * @typedef {'thread' | 'process'} Kind
 * @typedef {'default' | 'best'} Settings  As installed, or the best that the contender's own documentation names.
 */

/**
 * One line of a table: who is measured, and with what.
 *
 * @typedef {object} Row
 * @property {string} group      Rows of a group are compared with each other, and are a table: `threads`, `processes, 64 MiB`.
 * @property {string} contender  A file in contenders/ without its ending, or a program that the question starts itself.
 * @property {Kind} kind
 * @property {Settings} settings
 * @property {string} [note]     Said after the contender's name: which option, which variant.
 * @property {Readonly<Record<string, number | string | boolean>>} [params]  For `measure`: sizes, counts.
 */

/**
 * A number that `measure` returns, and how it is shown. The first of a question is what rows are sorted and ratios are taken by.
 *
 * @typedef {object} Figure
 * @property {string} name             Key in what `measure` returns, unit in the name: `tasksPerSecond`, `p99Us`.
 * @property {string} title            Head of the column: `tasks/s`.
 * @property {'higher' | 'lower'} better
 * @property {number} [digits]         After the point; 0 when absent.
 */

/**
 * How one measurement ended.
 *
 * @typedef {{ end: 'measured', figures: Readonly<Record<string, number>> }
 *   | { end: 'late', limitMs: number }
 *   | { end: 'crashed', why: string }} Outcome
 */

/**
 * A row with its outcomes, one a round.
 *
 * @typedef {object} Cell
 * @property {Row} row
 * @property {readonly Outcome[]} outcomes
 */

/**
 * What is to be reached, as a claim that the figures confirm or not. goals.mjs makes the usual ones.
 *
 * @typedef {object} Goal
 * @property {string} group  The group whose rows it looks at.
 * @property {string} claim  `>= 3 x the best peer`
 * @property {(cells: readonly Cell[]) => Verdict | undefined} check  Of the group's cells; nothing when what it needs was not measured.
 */

/**
 * @typedef {object} Verdict
 * @property {boolean} isMet
 * @property {string} reached  What was measured instead of the number in the claim: `3.4 x (tinypool, best)`.
 */

/**
 * @typedef {object} Scale
 * @property {boolean} isQuick  Small counts, only to see that everything works.
 */

/**
 * @typedef {object} Question
 * @property {string} id        As in the table of docs/performance.md: `1`.
 * @property {string} question  What it asks, in a sentence.
 * @property {string} method    How it is measured, in a sentence or two; printed below the title.
 * @property {readonly Row[]} rows
 * @property {readonly Figure[]} figures
 * @property {readonly Goal[]} goals
 * @property {(row: Row, scale: Scale) => Promise<Record<string, number>>} measure  In a fresh process. What it throws is a crash of the row.
 * @property {number} [rounds]   Fewer than usual, for what takes long.
 * @property {number} [limitMs]  For one measurement, start of the process included.
 * @property {(scale: Scale) => Promise<void>} [prepare]  Called once by the runner before the first round: files to work on.
 * @property {(scale: Scale) => Promise<void>} [tidy]     Called once by the runner after the last round, also when a round failed.
 */

/**
 * How a contender is driven. `contenders/NAME.mjs` exports `open` of this type.
 *
 * @callback Open
 * @param {OpenOptions} options
 * @returns {Promise<Pool>}  When it is made; its workers may not have started yet.
 */

/**
 * @typedef {object} OpenOptions
 * @property {Kind} kind
 * @property {number} workers
 * @property {Settings} settings
 * @property {URL} tasks       Module of the tasks: exports functions of one argument, as tasks.mjs does.
 * @property {boolean} [isBinary]  Arguments or results hold binary data, which JSON cannot carry: then whoever uses JSON by default
 *   is told to use the serialization that can.
 * @property {boolean} [staysIdle]  Workers are to stay also when they have nothing to do for longer than a pool keeps them.
 */

/**
 * @typedef {object} Pool
 * @property {(name: string, argument: unknown, transfer?: readonly ArrayBuffer[]) => Promise<unknown>} call
 *   Runs an export of the tasks module on a worker. `transfer` is handed over where the contender can do that.
 * @property {() => Promise<void>} close
 */

/** Of a question that says nothing else. */
export const DEFAULTS = { rounds: 5, limitMs: 60_000 }
