// Those who use an executor, each in its own way, until their share of calls is used up or the executor takes no more.
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { nowMs } from './records.mjs'

/** @typedef {import('./call.mjs').Call} Call */
/** @typedef {import('./chance.mjs').Chance} Chance */
/** @typedef {import('./life.mjs').Life} Life */
/** @typedef {import('./life.mjs').View} View */

/** Submits many at once, perhaps cancels some, and waits for all, some or none of them. @param {Life} life @param {Chance} chance @param {number} count */
export async function burst(life, chance, count) {
  const view = life.drawView(chance)
  const atOnce = chance.is(0.2) ? chance.int(1, 30) / 100 : 0
  /** @type {Call[]} */
  const calls = []
  for (let n = 0; n < count && life.isOpen; n += 1) {
    const call = life.draw(chance, view)
    if (atOnce > 0 && chance.is(atOnce)) life.submitInVain(call, view)
    else if (life.submit(call, view)) calls.push(call)
  }
  const cancelling = chance.is(0.3) ? cancelSome(life, chance.fork(), calls, view) : undefined
  const part = chance.pick([1, 1, 0.5, 0])
  await Promise.all(calls.slice(0, Math.ceil(calls.length * part)).map(({ done }) => done))
  await cancelling
}

/** @param {Life} life @param {Chance} chance @param {readonly Call[]} calls @param {View} view */
async function cancelSome(life, chance, calls, view) {
  await pause(chance)
  if (view.abort && chance.is(0.7)) {
    life.abort(calls, view.abort)
    return
  }
  const part = chance.pick([0.02, 0.3, 1])
  for (const call of calls) {
    if (!chance.is(part)) continue
    life.cancel(call)
    if (chance.is(0.1)) await pause(chance)
  }
}

/** @param {Chance} chance */
async function pause(chance) {
  if (chance.is(0.5)) await turn()
  else await delay(chance.size(60))
}

/** Keeps some in flight, and submits the next one where the last one has settled. @param {Life} life @param {Chance} chance @param {number} count */
export async function refill(life, chance, count) {
  const view = life.drawView(chance)
  const width = Math.min(count, chance.size(1000) + 1)
  let left = count
  await new Promise((/** @type {(done: undefined) => void} */ resolve) => {
    let inFlight = 0
    const again = async (/** @type {Call} */ call) => {
      await call.done
      inFlight -= 1
      next()
      if (inFlight === 0) resolve(undefined)
    }
    const next = () => {
      while (left > 0 && life.isOpen) {
        left -= 1
        const call = life.draw(chance, view)
        if (!life.submit(call, view)) continue
        inFlight += 1
        if (chance.is(0.002)) life.cancel(call)
        void again(call)
        return
      }
    }
    for (let n = 0; n < width; n += 1) next()
    if (inFlight === 0) resolve(undefined)
  })
}

/** Reads a `map` or `mapSettled` to its end, to an error, or until it is left. @param {Life} life @param {Chance} chance @param {number} count */
export async function mapping(life, chance, count) {
  const view = life.drawView(chance)
  const isSettled = chance.is(0.5)
  const isAsync = chance.is(0.3)
  const ordered = chance.is(0.6)
  const options = {
    ordered,
    ...(chance.is(0.4) && { lookahead: chance.size(3000) + 1 }),
    ...(chance.is(0.3) && { chunk: chance.size(500) + 1 }),
    ...(chance.is(0.1) && { deadlineMs: chance.int(1, 300) }),
  }
  const leaveAfter = chance.is(0.25) ? chance.int(0, count) : Infinity
  const lookahead = options.lookahead ?? Infinity
  /** @type {Call[]} */
  const calls = []
  const taken = chance.fork()
  let yielded = 0
  const next = () => {
    if (calls.length > yielded + lookahead)
      life.fail(
        `map took ${calls.length} inputs when ${yielded} results were yielded, lookahead ${lookahead}`,
      )
    const call = life.draw(taken, view, { isMapped: true })
    calls.push(call)
    return call.order
  }
  function* inputs() {
    while (calls.length < count) yield next()
  }
  async function* lateInputs() {
    while (calls.length < count) {
      if (taken.is(0.01)) await turn()
      yield next()
    }
  }
  const source = isAsync ? lateInputs() : inputs()
  const aborting = view.abort && chance.is(0.3) ? abortSoon(view.abort, chance.fork()) : undefined
  /** @type {Set<number>} */
  const seen = new Set()
  const see = (/** @type {number} */ index) => {
    if (seen.has(index)) life.fail(`map yielded the result of input ${index} twice`)
    seen.add(index)
    const last = 'deadlineMs' in options ? index : seen.size - 1
    if (ordered && index !== last)
      life.fail(`map yielded input ${index} as number ${seen.size - 1}`)
    yielded += 1
    return calls[index]
  }
  try {
    if (isSettled) {
      for await (const record of view.runner.mapSettled('run', source, options)) {
        const call = see(record.index)
        if (call) life.recorded(call, record)
        if (yielded > leaveAfter) break
      }
    } else {
      // Out of order nobody says whose result it is, unless the result does.
      for await (const value of view.runner.map('run', source, options)) {
        const call = ordered && !('deadlineMs' in options) ? see(yielded) : undefined
        if (!call) yielded += 1
        else if (!call.isItsResult(value)) call.faults.push('map yielded what is not its result')
        if (yielded > leaveAfter) break
      }
    }
    const isWhole = yielded === count || yielded > leaveAfter || 'deadlineMs' in options
    if (!isWhole) life.fail(`map ended after ${yielded} results of ${count} inputs`)
    if (isAsync || 'deadlineMs' in options) life.isCountVague = true
  } catch (error) {
    life.mapThrew(error, view, options)
  }
  const leftAtMs = nowMs()
  for (const call of calls) call.leftAtMs = leftAtMs
  await aborting
}

/** @param {AbortController} abort @param {Chance} chance */
async function abortSoon(abort, chance) {
  await pause(chance)
  abort.abort(new Error('aborted by the fuzz run'))
}
