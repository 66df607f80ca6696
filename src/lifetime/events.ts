import { channel, type Channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import { sharedState } from './state.ts'

/** What subscribers of `tidypool:cleanup` receive for each step of clean-up. */
export interface CleanUpStep {
  /** What was done, as a short sentence without the details. */
  readonly step: string
  /** The details: pid, path, signal… */
  readonly fields: Readonly<Record<string, unknown>>
}

/** `node:diagnostics_channel` on which every clean-up step is published. */
export const cleanUpChannel: Channel = channel('tidypool:cleanup')

const log = debuglog('tidypool')

/**
 * Tells what clean-up does: to `NODE_DEBUG=tidypool` and to subscribers of `tidypool:cleanup`. It is called in exit hooks,
 * where nothing may throw: `publish` hands a subscriber's error to `uncaughtException` instead of to us.
 */
export function cleanUpStep(step: string, fields: Readonly<Record<string, unknown>> = {}): void {
  if (log.enabled) log('%s %j', step, fields)
  if (cleanUpChannel.hasSubscribers) cleanUpChannel.publish({ step, fields } satisfies CleanUpStep)
}

/** Tells of something that a clean-up found held by somebody else, and counts it for `accounting()`. */
export function leakWarning(what: string, fields: Readonly<Record<string, unknown>>): void {
  sharedState().account.leakWarnings += 1
  cleanUpStep(`LEAK: ${what}`, fields)
}

/** Says once per thread that a level of clean-up does not hold here, what still does, and what to do about it. */
export function warnOnce(code: string, message: string): void {
  const { warned } = sharedState()
  cleanUpStep('warning', { code, message })
  if (warned.has(code)) return
  warned.add(code)
  process.emitWarning(message, { type: 'TidypoolWarning', code })
}
