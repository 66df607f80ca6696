/** Timers that are due when the test says so: in the order of their times, those set meanwhile included. */
import type { TestContext } from 'node:test'

class Timer {
  dueAt: number
  readonly run: () => void
  readonly #again: (timer: Timer) => void

  /** @param again  Sets it once more, from now on. */
  constructor(dueAt: number, run: () => void, again: (timer: Timer) => void) {
    this.dueAt = dueAt
    this.run = run
    this.#again = again
  }

  refresh(): this {
    this.#again(this)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

export interface ScriptedClock {
  /** Lets time pass. What promises do meanwhile follows when the caller awaits. */
  pass(ms: number): void
  restore(): void
}

/** Takes the place of `setTimeout` and `clearTimeout` until it is restored. */
export function scriptClock(t: Pick<TestContext, 'mock'>): ScriptedClock {
  const timers = new Set<Timer>()
  let now = 0
  const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer => {
    const again = (other: Timer): void => {
      other.dueAt = now + Math.max(1, ms)
      timers.add(other)
    }
    const timer = new Timer(now + Math.max(1, ms), () => run(...args), again)
    timers.add(timer)
    return timer
  }
  const replaced = [
    t.mock.method(globalThis, 'setTimeout', set as unknown as typeof setTimeout),
    t.mock.method(globalThis, 'clearTimeout', (timer: unknown) => {
      if (timer instanceof Timer) timers.delete(timer)
    }),
  ]
  return {
    pass(ms) {
      const until = now + ms
      for (;;) {
        let next: Timer | undefined
        for (const timer of timers) if (timer.dueAt < (next?.dueAt ?? Infinity)) next = timer
        if (!next || next.dueAt > until) break
        timers.delete(next)
        now = next.dueAt
        next.run()
      }
      now = until
    },
    restore() {
      for (const { mock } of replaced) mock.restore()
    },
  }
}
