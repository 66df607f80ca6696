// Tasks that know the executor that they run on.
import { setTimeout as delay } from 'node:timers/promises'

/** @typedef {import('tidypool').InlineExecutor<any>} Pool */

export const leaf = () => 'leaf'

/** @param {Pool} pool */
const inBackground = async (pool) => {
  await pool.submit('leaf')
}

/** @type {Record<string, (pool: Pool) => unknown>} */
const ways = {
  await: async (pool) => await pool.submit('leaf'),
  all: async (pool) => (await Promise.all([pool.submit('leaf'), delay(1)]))[0],
  map: async (pool) => {
    for await (const result of pool.map('leaf', [1])) return result
    return undefined
  },
  forget: (pool) => void pool.submit('leaf'),
  forgetCaught: (pool) => void pool.submit('leaf').catch(() => {}),
  forgetThen: (pool) => void pool.submit('leaf').then(() => {}),
  forgetAwaited: (pool) => void inBackground(pool),
}

/** @param {Pool} pool @param {string} how */
export async function callOwn(pool, how) {
  const result = await ways[how]?.(pool)
  await delay(20)
  return result ?? 'gone on'
}
