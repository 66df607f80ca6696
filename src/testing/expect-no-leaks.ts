import { isNativeError } from 'node:util/types'
import { LeakWatchError } from '../errors.ts'
import type { LeakOptions } from './options.ts'
import { watchLeaks, type LeakWatch } from './watch-leaks.ts'

let isRunning = false

/**
 * Calls the function, waits for what it returns, and fails when something is left that began meanwhile: processes (also
 * grandchildren), threads, sockets, descriptors, timers and handles that keep the program alive, listeners on `process`,
 * objects in `/dev/shm`, temporary files. docs/testing.md says what is seen, and what is not.
 *
 * Leftovers that go within `settleMs` are none. While the function runs, `TMPDIR` names a directory of its own, which is
 * removed afterwards, with what is in it. Whatever else is left stays as it is.
 *
 * @param run               The function under test, synchronous or not.
 * @param options.allow     What may stay: part of what a leak says, or a pattern. Default: nothing.
 * @param options.settleMs  How long leftovers may take to go, in milliseconds. Default: 2000.
 * @returns what the function returns.
 * @throws {LeakError}      something was left; `leaks` lists it.
 * @throws {LeakWatchError} another call is running in this thread.
 * @throws {OptionError}    an option is wrong.
 * @throws what the function throws: the same error, with the `LeakError`, if something was left besides, as the last of
 *   its causes. Where none can be added (no `Error`, or a frozen one) both come in an `AggregateError`.
 * @example
 * import assert from 'node:assert/strict'
 * import { expectNoLeaks } from 'tidypool/testing'
 *
 * const leaky = expectNoLeaks(
 *   () => {
 *     setInterval(() => {}, 1000)
 *   },
 *   { settleMs: 100 },
 * )
 * await assert.rejects(leaky, { code: 'ERR_LEAK' })
 * process.exit() // since the timer is still there
 */
export async function expectNoLeaks<T>(
  run: () => T | Promise<T>,
  options: LeakOptions = {},
): Promise<T> {
  if (isRunning) throw new LeakWatchError()
  const watch = watchLeaks(options)
  isRunning = true
  try {
    const result = await attempt(run, watch)
    await watch.check()
    return result
  } finally {
    isRunning = false
  }
}

async function attempt<T>(run: () => T | Promise<T>, watch: LeakWatch): Promise<T> {
  try {
    return await run()
  } catch (error) {
    await watch.check().catch((leaks: unknown) => addCause(error, leaks))
    throw error
  }
}

/** The runner shows causes below the error, and compares and prints the error itself as if we were not there. */
function addCause(error: unknown, leaks: unknown): void {
  const seen = new Set<unknown>()
  let last = error
  while (isNativeError(last) && last.cause !== undefined && !seen.has(last)) {
    seen.add(last)
    last = last.cause
  }
  if (isNativeError(last) && last.cause === undefined && Object.isExtensible(last)) {
    Object.defineProperty(last, 'cause', { value: leaks, configurable: true, writable: true })
    return
  }
  const message = isNativeError(error) ? error.message : String(error)
  throw new AggregateError([error, leaks], message, { cause: leaks })
}
