import { OptionError } from '../errors.ts'

/** Options of `expectNoLeaks` and `watchLeaks`. */
export interface LeakOptions {
  /**
   * What may stay: a text that is part of what a leak says, or a pattern that matches it, such as `/^listener for SIGTERM/`.
   * Default: nothing.
   */
  readonly allow?: readonly (string | RegExp)[] | undefined
  /** How long leftovers may take to go, in milliseconds. Default: 2000. */
  readonly settleMs?: number | undefined
}

export interface ResolvedLeakOptions {
  readonly settleMs: number
  readonly isAllowed: (what: string) => boolean
}

const defaultSettleMs = 2000

/** @throws {OptionError} for the first option that is wrong. */
export function resolveLeakOptions(options: LeakOptions): ResolvedLeakOptions {
  const { allow = [], settleMs = defaultSettleMs, ...unknown } = options
  const [stranger] = Object.entries(unknown)
  if (stranger) throw new OptionError(stranger[0], stranger[1], 'no such option')
  if (typeof settleMs !== 'number' || !(settleMs >= 0) || settleMs === Infinity)
    throw new OptionError('settleMs', settleMs, 'a number of milliseconds from 0')
  if (!Array.isArray(allow) || !allow.every(isPattern))
    throw new OptionError('allow', allow, 'a list of regular expressions and texts, none empty')
  return {
    settleMs,
    isAllowed: (what) =>
      allow.some((one) =>
        // A pattern with the flag g would begin where its last match ended.
        typeof one === 'string'
          ? what.includes(one)
          : new RegExp(one.source, one.flags.replace(/[gy]/g, '')).test(what),
      ),
  }
}

/** By its tag: a runner that has contexts of its own has classes of its own. */
function isPattern(one: unknown): boolean {
  return typeof one === 'string'
    ? one !== ''
    : Object.prototype.toString.call(one) === '[object RegExp]'
}
