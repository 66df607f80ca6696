// The usual goals: tidypool's median against that of the best peer, of one contender, or an amount.
import { bestOf, medianOf, nameOf } from './cells.mjs'
import { isPeer } from './contenders/rows.mjs'

/** @import { Cell, Figure, Goal, Question } from './question.mjs' */

/**
 * Against whom: the best peer in any settings, or a contender, in the settings named or the best of those it was measured in.
 *
 * @typedef {'the best peer' | { contender: string, settings?: import('./question.mjs').Settings }} Against
 */

/**
 * `figure` of tidypool is at least `factor` times that of the other. For figures of which more is better.
 *
 * @param {string} group @param {Figure} figure @param {number} factor @param {Against} against
 * @returns {Goal}
 */
export function atLeast(group, figure, factor, against) {
  return ratio(group, figure, { sign: '>=', against, factor }, (reached) => reached >= factor)
}

/**
 * `figure` of tidypool is at most `factor` times that of the other. For figures of which less is better.
 *
 * @param {string} group @param {Figure} figure @param {number} factor @param {Against} against
 * @returns {Goal}
 */
export function atMost(group, figure, factor, against) {
  return ratio(group, figure, { sign: '<=', against, factor }, (reached) => reached <= factor)
}

/**
 * `figure` of tidypool is at least, or at most, an amount, or that of another plus an amount.
 *
 * @param {string} group @param {Figure} figure @param {'>=' | '<='} sign @param {number} amount @param {Against} [plus]
 * @returns {Goal}
 */
export function bound(group, figure, sign, amount, plus) {
  const base = plus === undefined ? '' : `${whoIs(plus)} + `
  return {
    group,
    claim: `${figure.title}: ${sign} ${base}${amount}`,
    check(cells) {
      const ours = oursIn(cells, figure)
      const theirs = plus === undefined ? { median: 0 } : opponent(cells, figure, plus)
      if (ours === undefined || theirs === undefined) return undefined
      const reached = ours - theirs.median
      return {
        isMet: sign === '>=' ? reached >= amount : reached <= amount,
        reached: `${base}${reached.toFixed(2)}`,
      }
    },
  }
}

/**
 * @param {string} group @param {Figure} figure @param {{ sign: string, factor: number, against: Against }} claim
 * @param {(reached: number) => boolean} isMet
 * @returns {Goal}
 */
function ratio(group, figure, { sign, factor, against }, isMet) {
  return {
    group,
    claim: `${figure.title}: ${sign} ${factor} x ${whoIs(against)}`,
    check(cells) {
      const ours = oursIn(cells, figure)
      const theirs = opponent(cells, figure, against)
      if (ours === undefined || theirs === undefined) return undefined
      const reached = ours / theirs.median
      return {
        isMet: isMet(reached),
        reached: `${reached.toFixed(2)} x ${nameOf(theirs.cell.row)}`,
      }
    },
  }
}

/** @param {Against} against */
function whoIs(against) {
  if (typeof against === 'string') return against
  return against.settings === 'default' && isPeer(against.contender)
    ? `${against.contender} as installed`
    : against.contender
}

/** @param {readonly Cell[]} cells @param {Figure} figure */
function oursIn(cells, figure) {
  const ours = cells.find(({ row }) => row.contender === 'tidypool')
  return ours && medianOf(ours, figure.name)
}

/** @param {readonly Cell[]} cells @param {Figure} figure @param {Against} against */
function opponent(cells, figure, against) {
  const isMeant = (/** @type {Cell} */ { row }) =>
    typeof against === 'string'
      ? isPeer(row.contender)
      : row.contender === against.contender && row.settings === (against.settings ?? row.settings)
  return bestOf(cells.filter(isMeant), figure)
}

/**
 * What was to be reached, and was or was not; `isMet` is absent where that was not measured.
 *
 * @param {Pick<Question, 'goals'>} question @param {readonly Cell[]} cells
 */
export function verdictsOf({ goals }, cells) {
  return goals.map(({ group, claim, check }) => ({
    group,
    claim,
    ...check(cells.filter(({ row }) => row.group === group)),
  }))
}
