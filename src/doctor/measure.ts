/** A limit and how much of it is used. */
export interface Measure {
  /** `threads of the machine` */
  readonly name: string
  readonly used: number
  readonly limit: number
  readonly unit: 'count' | 'bytes'
  /** Where the limit comes from, such as a file, so that it can be looked up and raised. */
  readonly where: string
  /** What to do when it is near. */
  readonly remedy: string
}

/** From here on a limit is a finding: what starts a pool of workers at once takes the rest. */
export const nearLimit = 0.8

/** Used part of the limit, 0 to 1 and above. */
export function usedPart({ used, limit }: Pick<Measure, 'used' | 'limit'>): number {
  return limit > 0 ? used / limit : used > 0 ? 1 : 0
}
