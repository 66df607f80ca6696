import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** It guards against a hang and is no promise: generous, because tests share the machine. Default: 10,000. */
  readonly deadlineMs?: number
}

type Absent = undefined | null | false

/**
 * Waits for a condition, never for a time: asks again and again until the answer is something, and returns it.
 *
 * @param what  Completes "waited for …": what the failure names.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  { deadlineMs = 10_000 }: UntilOptions = {},
): Promise<Exclude<T, Absent>> {
  const startedAt = performance.now()
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, 20)) {
    const answer = await condition()
    if (isSomething(answer)) return answer
    if (performance.now() - startedAt > deadlineMs)
      throw new Error(`waited ${deadlineMs} ms for ${what}, in vain`)
    await delay(pauseMs)
  }
}

function isSomething<T>(answer: T): answer is Exclude<T, Absent> {
  return answer !== undefined && answer !== null && answer !== false
}
