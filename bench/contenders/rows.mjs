// Which contenders a question has rows of: all of a kind, once as installed and once tuned where that is another thing.

/** @import { Kind, Row, Settings } from '../question.mjs' */

/**
 * Who has another way to be set up than the default, and for which kind.
 *
 * @type {readonly { name: string, kinds: readonly Kind[], tuned: readonly Kind[], isBaseLine?: true }[]}
 */
const CONTENDERS = [
  { name: 'tidypool', kinds: ['thread', 'process'], tuned: [] },
  { name: 'piscina', kinds: ['thread'], tuned: ['thread'] },
  { name: 'tinypool', kinds: ['thread', 'process'], tuned: ['thread', 'process'] },
  { name: 'workerpool', kinds: ['thread', 'process'], tuned: ['thread', 'process'] },
  { name: 'poolifier', kinds: ['thread', 'process'], tuned: ['thread', 'process'] },
  { name: 'jest-worker', kinds: ['thread', 'process'], tuned: ['thread', 'process'] },
  { name: 'worker-farm', kinds: ['process'], tuned: ['process'] },
  { name: 'raw', kinds: ['thread', 'process'], tuned: ['process'], isBaseLine: true },
  { name: 'raw-batched', kinds: ['thread', 'process'], tuned: ['process'], isBaseLine: true },
]
const baseLines = new Set(CONTENDERS.filter((each) => each.isBaseLine).map(({ name }) => name))

/** Whether it is one of the pools that tidypool is compared with. @param {string} contender */
export const isPeer = (contender) => contender !== 'tidypool' && !baseLines.has(contender)

/**
 * A row for every contender of a kind.
 *
 * @param {Kind} kind
 * @param {object} choice
 * @param {string} choice.group
 * @param {Row['params']} [choice.params]
 * @param {readonly Settings[]} [choice.settings]  Both, when absent; whoever has nothing to tune has one row in any case.
 * @param {readonly string[]} [choice.without]     Contenders that the question has no use for.
 * @returns {Row[]}
 */
export function rowsOf(kind, { group, params, settings = ['default', 'best'], without = [] }) {
  return CONTENDERS.filter(({ name, kinds }) => kinds.includes(kind) && !without.includes(name))
    .flatMap(({ name, tuned }) => {
      const wanted = tuned.includes(kind) ? settings : /** @type {const} */ (['default'])
      return wanted.map((settings) => ({ contender: name, settings }))
    })
    .map(({ contender, settings }) => ({
      group,
      contender,
      kind,
      settings,
      ...noteOf(contender, kind, settings),
      ...(params && { params }),
    }))
}

/** What the settings of the base lines are, which have two ways to write. @param {string} contender @param {Kind} kind @param {Settings} settings */
function noteOf(contender, kind, settings) {
  if (!baseLines.has(contender) || kind === 'thread') return {}
  return { note: settings === 'best' ? 'structured clone' : 'JSON' }
}
