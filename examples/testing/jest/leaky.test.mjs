import { expect, test } from '@jest/globals'
import { expectNoLeaks } from 'tidypool/testing'
import { startTicker } from '../ticker.mjs'

test('a ticker that nobody closes is found', async () => {
  await expectNoLeaks(async () => {
    const ticker = await startTicker()
    const response = await fetch(ticker.url)
    expect(await response.text()).toBe('0')
    // ticker.close() is missing.
  })
})
