// A whole file instead of one function: what any of its tests leaves is told at the end.

import { afterAll, expect, test } from 'vitest'
import { watchLeaks } from 'tidypool/testing'
import { startTicker } from '../ticker.mjs'

const leaks = watchLeaks()
afterAll(() => leaks.check())

test('a ticker begins with 0', async () => {
  const ticker = await startTicker()
  try {
    expect(await (await fetch(ticker.url)).text()).toBe('0')
  } finally {
    ticker.close()
  }
})
