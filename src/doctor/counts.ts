/** How many things of each kind there are: the accounting of before and after. */
import { kinds, type Certainty, type Finding, type LeftKind } from './finding.ts'

export interface Count {
  readonly count: number
  readonly bytes: number
  readonly certain: number
  readonly likely: number
  readonly unknown: number
}

export type Counts = Readonly<Record<LeftKind | 'total', Count>>

/** Limits are nothing that was left, and are not counted. */
export function countLeft(findings: readonly Finding[]): Counts {
  const left = findings.filter(({ kind }) => kind !== 'limits')
  const counts = kinds.map(
    (kind) => [kind, countOf(left.filter((one) => one.kind === kind))] as const,
  )
  return { ...(Object.fromEntries(counts) as Record<LeftKind, Count>), total: countOf(left) }
}

function countOf(findings: readonly Finding[]): Count {
  const of = (certainty: Certainty): number =>
    findings.filter((finding) => finding.certainty === certainty).length
  return {
    count: findings.length,
    bytes: findings.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    certain: of('certain'),
    likely: of('likely'),
    unknown: of('unknown'),
  }
}
