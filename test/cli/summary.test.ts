import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BatchReport } from '../../src/batch/run-batch.ts'
import { summaryText } from '../../src/cli/summary.ts'
import { REMEMBERED } from '../../src/executor/roster.ts'

function reportOf(workers: number): BatchReport {
  return {
    stop: undefined,
    task: { of: 'module', name: 'tasks.mjs#default', exportName: 'default', hash: 'f'.repeat(32) },
    counts: { ok: 0, failed: workers, cancelled: 0, skipped: 0, skippedFailed: 0 },
    elapsedMs: 1000,
    percentiles: undefined,
    errors: [],
    shutdown: {
      tasks: { finished: 0, failed: workers, cancelled: 0, killed: 0 },
      workers: Array.from({ length: workers }, (_, n) => ({
        worker: n + 1,
        pid: 4000 + n,
        how: 'died' as const,
        exitCode: 1,
        signal: null,
      })),
      escaped: [],
      ended: [],
      errors: [],
    },
    leftBehind: [],
    tornBytes: 0,
  }
}

test('the summary does not pass off the workers that are remembered for all there were', () => {
  assert.match(summaryText(reportOf(999)), /clean-up: 999 workers \(999 died\)/)
  assert.match(
    summaryText(reportOf(REMEMBERED)),
    /clean-up: at least 1,000 workers \(of the last 1,000: 1,000 died\)/,
  )
})
