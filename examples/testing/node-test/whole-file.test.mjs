// A whole file instead of one function: what any of its tests leaves is told at the end.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { watchLeaks } from 'tidypool/testing'
import { startTicker } from '../ticker.mjs'

const leaks = watchLeaks()
after(() => leaks.check())

test('a ticker begins with 0', async () => {
  const ticker = await startTicker()
  try {
    assert.equal(await (await fetch(ticker.url)).text(), '0')
  } finally {
    ticker.close()
  }
})
