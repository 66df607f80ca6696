/** What is counted against a limit when something is started. */
export type Resource = 'processes' | 'descriptors' | 'memory'

/** A limit, and how much of it is used. Memory is in bytes, everything else a count. */
export interface Level {
  readonly resource: Resource
  readonly used: number
  readonly limit: number
  /** Where the limit comes from, such as a file, so that it can be looked up and raised. */
  readonly where: string
  /** Of `used`: what the kernel gives up at a price before it refuses or kills, by writing it to swap or reading it again. */
  readonly yields?: number
}

/** Nothing where a number could not be found out, or there is no limit. */
export function known<T extends Pick<Level, 'used' | 'limit'>>(level: T): T[] {
  const { used, limit } = level
  return Number.isFinite(used) && Number.isFinite(limit) && limit > 0 ? [level] : []
}
