import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bestOf, failuresOf, medianOf } from '../../bench/cells.mjs'
import { atLeast, atMost, verdictsOf } from '../../bench/goals.mjs'
import { loadQuestions } from '../../bench/questions.mjs'

type Cell = import('../../bench/question.mjs').Cell
type Outcome = import('../../bench/question.mjs').Outcome
type Row = import('../../bench/question.mjs').Row

const rate = { name: 'rate', title: 'tasks/s', better: 'higher' } as const
const delay = { name: 'delay', title: 'ms', better: 'lower' } as const
const late: Outcome = { end: 'late', limitMs: 60_000 }

function measured(...rates: number[]): Outcome[] {
  return rates.map((value) => ({ end: 'measured', figures: { rate: value, delay: 1 / value } }))
}

function cell(contender: string, outcomes: Outcome[], settings: Row['settings'] = 'default'): Cell {
  return { row: { group: 'g', contender, kind: 'thread', settings }, outcomes }
}

test('the median of a row is that of the rounds that were measured', () => {
  assert.equal(medianOf(cell('raw', measured(9, 1, 5)), 'rate'), 5)
  assert.equal(medianOf(cell('raw', measured(1, 2)), 'rate'), 1.5)
  assert.equal(medianOf(cell('raw', [late, ...measured(4, 8)]), 'rate'), 6)
})

test('a row that lost half of its rounds has no median, and says how it lost them', () => {
  const lost = cell('tinypool', [
    late,
    late,
    { end: 'crashed', why: 'exit 1' },
    ...measured(7, 7, 7),
  ])
  assert.equal(medianOf(lost, 'rate'), undefined)
  assert.deepEqual(failuresOf(lost), ['> 60 s (2 of 6)', 'crashed: exit 1 (1 of 6)'])
  assert.deepEqual(failuresOf(cell('tinypool', [late, late])), ['> 60 s'])
})

test('the best of some rows is the one with the most, or the least, as the figure says', () => {
  const cells = [
    cell('piscina', measured(3)),
    cell('tinypool', measured(8)),
    cell('poolifier', [late]),
  ]
  assert.equal(bestOf(cells, rate)?.cell.row.contender, 'tinypool')
  assert.equal(bestOf(cells, delay)?.cell.row.contender, 'tinypool')
  assert.equal(bestOf([cell('poolifier', [late])], rate), undefined)
})

test('a goal is judged against the best peer in any settings, and never against a base line', () => {
  const cells = [
    cell('tidypool', measured(30)),
    cell('piscina', measured(2)),
    cell('piscina', measured(10), 'best'),
    cell('raw', measured(40)),
  ]
  const goals = [
    atLeast('g', rate, 3, 'the best peer'),
    atLeast('g', rate, 10, { contender: 'piscina', settings: 'default' }),
    atLeast('g', rate, 0.8, { contender: 'raw' }),
    atMost('g', delay, 1, 'the best peer'),
    atLeast('g', rate, 1, { contender: 'tinypool' }),
  ]
  const verdicts = verdictsOf({ goals }, cells)
  assert.deepEqual(
    verdicts.map(({ isMet, reached }) => [isMet, reached]),
    [
      [true, '3.00 x piscina (best settings)'],
      [true, '15.00 x piscina'],
      [false, '0.75 x raw'],
      [true, '0.33 x piscina (best settings)'],
      [undefined, undefined],
    ],
  )
})

test('every question has a number of its own, rows with a group for each goal, and a main figure', async () => {
  const questions = await loadQuestions()
  assert.equal(new Set(questions.map(({ id }) => id)).size, questions.length)
  for (const { id, rows, figures, goals } of questions) {
    assert.ok(figures.length > 0, `question ${id} has a figure`)
    for (const { group } of goals)
      assert.ok(
        rows.some((row) => row.group === group),
        `question ${id} has rows of the group ${group}`,
      )
  }
})
