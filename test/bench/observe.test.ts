import assert from 'node:assert/strict'
import { test } from 'node:test'

import { idleWhileWaiting } from '../../bench/observe/schedule.mjs'
import { plot } from '../../bench/scale/plot.mjs'

const labels = { title: 'cost', description: 'a < b', x: 'tasks', y: 'µs' }

function span(worker: string, startMs: number, endMs: number) {
  return { worker, startMs, endMs }
}

test('a worker is idle between its tasks only until the last task of all has begun', () => {
  const spans = [span('a', 0, 100), span('a', 100, 200), span('b', 5, 10), span('b', 40, 50)]
  assert.deepEqual(idleWhileWaiting(spans, 2), { longestIdleMs: 50, idleMs: 85 })
})

test('a worker that never ran a task was idle from the first beginning to the last', () => {
  const spans = [span('a', 10, 20), span('a', 20, 30), span('a', 30, 90)]
  assert.deepEqual(idleWhileWaiting(spans, 2), { longestIdleMs: 20, idleMs: 20 })
})

test('a plot has a line for each series, its texts escaped, and refuses to show nothing', () => {
  const points = [
    [1000, 2],
    [1_000_000, 4],
  ] as const
  const svg = plot([{ title: 'threads', lines: [{ name: '1 & 2', points }] }], labels)
  assert.equal(svg.match(/<path class="line /g)?.length, 1)
  assert.match(svg, /a &lt; b/)
  assert.match(svg, />1 &amp; 2</)
  assert.doesNotMatch(svg, /NaN|undefined/)
  assert.throws(() => plot([{ title: 'threads', lines: [] }], labels), /nothing to plot/)
})
