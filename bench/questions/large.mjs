// What questions 5 and 6 share: large arrays there and back, some in flight all the time.
import { awaken, letGo, openRow } from '../contenders/open.mjs'
import { spanMs, warmUpMs } from '../timing.mjs'

/** @import { Figure, OpenOptions, Row, Scale } from '../question.mjs' */

export const MIB = 2 ** 20

/** @satisfies {Record<string, Figure>} */
export const FIGURES = {
  rate: { name: 'mbPerSecond', title: 'MB/s', better: 'higher' },
  first: { name: 'firstMbPerSecond', title: 'MB/s at first', better: 'higher' },
}

export const METHOD =
  'The task gives back the array that it was given; bytes of both directions are counted, and the last one of each result is compared. ' +
  'With 1 MiB 8 are in flight, with 64 MiB 2. At first: the first tasks, as many as are in flight; then 0.2 s of warm-up and 0.6 s.'

/**
 * @param {Row} row  `params.bytes`, `params.inFlight`
 * @param {Scale} scale
 * @param {Partial<OpenOptions> & { isTransferred?: boolean }} options
 */
export async function measureLarge(row, scale, { isTransferred = false, ...options }) {
  const pool = await openRow(row, { isBinary: true, ...options })
  if ((await pool.call('echo', 1)) !== 1) throw new Error('echo(1) is not 1')
  await awaken(pool, () => pool.call('echo', 1))
  const size = Number(row.params?.bytes)
  // Filled, since pages that nobody wrote cost nothing to copy.
  const seats = Array.from({ length: Number(row.params?.inFlight) }, (_, seat) =>
    new Uint8Array(size).fill(seat + 1),
  )

  /** @param {Uint8Array<ArrayBuffer>} bytes @param {number} seat */
  async function exchange(bytes, seat) {
    const transfer = isTransferred ? [bytes.buffer] : undefined
    const result = await pool.call('echo', bytes, transfer)
    if (!(result instanceof Uint8Array) || result.length !== size || result.at(-1) !== seat + 1)
      throw new Error('what came back is not what was sent')
    // What was handed over is gone; what came back is as good.
    if (isTransferred) seats[seat] = /** @type {Uint8Array<ArrayBuffer>} */ (result)
  }

  /** At least one task a seat, then until the time is over. @param {number} ms */
  async function keepBusy(ms) {
    const start = performance.now()
    let count = 0
    await Promise.all(
      seats.map(async (_, seat) => {
        do {
          const bytes = seats[seat]
          if (bytes === undefined) throw new Error('no such seat')
          await exchange(bytes, seat)
          count += 1
        } while (performance.now() - start < ms)
      }),
    )
    return (2 * count * size) / 1e6 / ((performance.now() - start) / 1000)
  }

  const firstMbPerSecond = await keepBusy(0)
  await keepBusy(warmUpMs(scale))
  const mbPerSecond = await keepBusy(spanMs(scale))
  await letGo(pool)
  return { mbPerSecond, firstMbPerSecond }
}
