import { LeakError, type Leak } from '../errors.ts'
import { nowMs, pause } from './clock.ts'
import { Observation } from './observation.ts'
import { resolveLeakOptions, type LeakOptions } from './options.ts'

/** A watch that has begun. Disposing of it ends it without looking. */
export interface LeakWatch extends Disposable {
  /**
   * Looks, once, and ends the watch: the returned promise resolves when nothing is left, as soon as that is so.
   *
   * @throws {LeakError} something is left after `settleMs`.
   */
  check(): Promise<void>
}

const lookEveryMs = 20

/**
 * Watches from now on, for a whole test file: `check()` fails with the list of what was left. What the test runner makes for
 * itself is not counted. docs/testing.md says what is seen, and what is not.
 *
 * Until the watch ends, `TMPDIR` names a directory of its own, which is removed then, with what is in it.
 *
 * @param options.allow     What may stay. Default: nothing.
 * @param options.settleMs  How long leftovers may take to go, in milliseconds. Default: 2000.
 * @throws {OptionError} an option is wrong.
 * @example
 * import { after, test } from 'node:test'
 * import { watchLeaks } from 'tidypool/testing'
 *
 * const leaks = watchLeaks()
 * after(() => leaks.check())
 *
 * test('waits', async () => {
 *   await new Promise((resolve) => setTimeout(resolve, 5))
 * })
 */
export function watchLeaks(options: LeakOptions = {}): LeakWatch {
  const { settleMs, isAllowed } = resolveLeakOptions(options)
  const observation = new Observation()
  let checked: Promise<void> | undefined
  const check = async (): Promise<void> => {
    try {
      const left = await settled(observation, isAllowed, settleMs)
      if (left.length > 0) throw new LeakError(left, settleMs)
    } finally {
      observation[Symbol.dispose]()
    }
  }
  return {
    check: () => (checked ??= check()),
    [Symbol.dispose]: () => observation[Symbol.dispose](),
  }
}

async function settled(
  observation: Observation,
  isAllowed: (what: string) => boolean,
  settleMs: number,
): Promise<Leak[]> {
  const startedAtMs = nowMs()
  for (;;) {
    // First a turn of the event loop, in which what was closed just now goes.
    await pause(1)
    const left = observation.leaks().filter(({ what }) => !isAllowed(what))
    if (left.length === 0 || nowMs() - startedAtMs >= settleMs) return left
    await pause(lookEveryMs)
  }
}
