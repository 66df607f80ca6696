import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectNoLeaks } from 'tidypool/testing'
import { startTicker } from '../ticker.mjs'

test('a ticker that nobody closes is found', async () => {
  await expectNoLeaks(async () => {
    const ticker = await startTicker()
    const response = await fetch(ticker.url)
    assert.equal(await response.text(), '0')
    // ticker.close() is missing.
  })
})
