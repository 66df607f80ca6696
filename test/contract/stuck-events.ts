/** What the channel tells of stuck tasks while a test runs. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TestContext } from 'node:test'
import type { StuckWhy } from 'tidypool'

export interface Stuck {
  readonly executor: string
  readonly event: 'stuck'
  readonly worker: number
  readonly pid?: number
  readonly threadId?: number
  readonly task: string
  readonly index?: number
  readonly attempt: number
  readonly action: string
  readonly told: number
  readonly forMs: number
  readonly why: StuckWhy
  readonly cpuMs?: number
  readonly overMs: number
  readonly eventLoopDelayMs: number
  readonly resources?: readonly string[]
  readonly stack?: string
}

/** A name for one executor, and what is told of it. */
export function watchStuck(t: TestContext): { readonly name: string; readonly seen: Stuck[] } {
  const name = `watched ${Math.random()}`
  const seen: Stuck[] = []
  const note = (message: unknown): void => {
    const found = message as Stuck
    if (found.event === 'stuck' && found.executor === name) seen.push(found)
  }
  subscribe('tidypool:worker', note)
  t.after(() => unsubscribe('tidypool:worker', note))
  return { name, seen }
}
