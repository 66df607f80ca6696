/** The options of a semaphore, checked where the caller gives them. */
import { OptionError } from '../errors.ts'

export interface SemaphoreOptions {
  /** How many may hold a permit at the same time, from 1 to 256. The same for all who use the name. Default: 1. */
  readonly permits?: number | undefined
}

export interface AcquireOptions {
  /** How long to wait, in milliseconds; `Infinity` means no limit. Default: no limit. */
  readonly timeoutMs?: number | undefined
  /** Ends the waiting. A permit that was got stays. */
  readonly signal?: AbortSignal | undefined
}

/** Who waits has a connection to that many others. */
const mostPermits = 256
const longestName = 128

export function checkName(name: unknown): string {
  const allowed = `a text of 1 to ${longestName} characters, none of them a control character or half of a pair`
  if (typeof name !== 'string') throw new OptionError('name', name, allowed)
  const isAllowed = name.length > 0 && name.length <= longestName && !/\p{Cc}|\p{Cs}/u.test(name)
  if (!isAllowed) throw new OptionError('name', name, allowed)
  return name
}

export function checkPermits(options: SemaphoreOptions): number {
  refuseNoObject(options)
  const { permits = 1, ...unknown } = options
  refuseUnknown(unknown, 'permits')
  if (!(Number.isSafeInteger(permits) && permits >= 1 && permits <= mostPermits)) {
    throw new OptionError('permits', permits, `a whole number from 1 to ${mostPermits}`)
  }
  return permits
}

/** A limit of Infinity is undefined here. */
export function checkAcquire(options: AcquireOptions): AcquireOptions {
  refuseNoObject(options)
  const { timeoutMs, signal, ...unknown } = options
  refuseUnknown(unknown, 'timeoutMs, signal')
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    const allowed = 'a number of milliseconds above 0, or Infinity; tryAcquire does not wait'
    throw new OptionError('timeoutMs', timeoutMs, allowed)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new OptionError('signal', signal, 'an AbortSignal')
  }
  return { timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs, signal }
}

function refuseUnknown(unknown: object, known: string): void {
  const [stranger] = Object.entries(unknown)
  if (stranger) {
    throw new OptionError(stranger[0], stranger[1] as unknown, `one of the options ${known}`)
  }
}

function refuseNoObject(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('options', options, 'an object')
  }
}
