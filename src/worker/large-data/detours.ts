/**
 * Large data that went through the pipe, on `node:diagnostics_channel`. It is no fault, only slower.
 *
 * | channel               | fields                                                                       |
 * | --------------------- | ---------------------------------------------------------------------------- |
 * | `tidypool:large-data` | `worker`, `pid`, `direction` (`arguments`, `results`), `why` (`no-file`, `no-room`, `failed`) |
 */
import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import type { Detour } from './sender.ts'

const detours = channel('tidypool:large-data')
const log = debuglog('tidypool')

export interface DetourEvent {
  readonly worker: number
  readonly pid: number | undefined
  readonly direction: 'arguments' | 'results'
  readonly why: Detour
}

export function publishDetour(event: DetourEvent): void {
  if (log.enabled) log('large data through the pipe %j', event)
  if (detours.hasSubscribers) detours.publish(event)
}

/** What a worker says of a message that it sends through the pipe; undefined for anything else. */
export function detourOf(said: unknown): Detour | undefined {
  return said === 'no-file' || said === 'no-room' || said === 'failed' ? said : undefined
}
