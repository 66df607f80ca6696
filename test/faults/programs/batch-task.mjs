// The task of a batch: notes in a file that it has finished; some inputs never do.
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { block } from './tasks.mjs'

/** @param {number | string} input @param {{ done: string, blocks?: string }} params */
export default async function work(input, { done, blocks }) {
  const number = Number(input)
  if (blocks !== undefined && number % 10 === 9) {
    appendFileSync(done, 'blocks\n')
    block()
  }
  await delay(20)
  appendFileSync(done, `${number}\n`)
  return number
}
