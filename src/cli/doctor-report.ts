/** What `tidypool doctor` says. */
import {
  wouldFix,
  type CheckReport,
  type DoctorReport,
  type TreatedFinding,
} from '../doctor/doctor.ts'
import type { Count, Counts } from '../doctor/counts.ts'
import { kinds, type Certainty } from '../doctor/finding.ts'
import { nearLimit, usedPart, type Measure } from '../doctor/measure.ts'
import { duration, number, plural, shorten, size } from './words.ts'

/** So many are told one by one, each kind at least once: that is what fits on a screen with the table. */
const shownInAll = 6
const columns = { kind: 24, count: 9 } as const

/** For people: one screen, unless all of it is asked for. */
export function doctorText(report: DoctorReport, isVerbose: boolean): string {
  const { findings, checks, hidden } = report
  const groups = byKind(findings)
  const shown = isVerbose ? Infinity : Math.max(1, Math.floor(shownInAll / groups.length))
  const parts = [
    [headline(report)],
    ...groups.map((group) => groupLines(group, shown)),
    findings.some(({ kind }) => kind !== 'limits') ? table(report) : [],
    checks.flatMap(failedLine),
    isVerbose ? details(checks) : [],
    [...hidden.map((reason) => `Not all can be seen: ${reason}.`), ...closing(report)],
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function headline({ findings, checks }: DoctorReport): string {
  if (findings.length === 0) {
    const looked = checks.filter(({ failed }) => failed === undefined)
    return [
      `tidypool doctor: nothing found, ${plural(checks.length, 'check')}`,
      ...looked.map(({ name, looked: at }) => `  ${name.padEnd(18)} ${at}`),
    ].join('\n')
  }
  const certainties = ['certain', 'likely', 'unknown'] as const
  const said = certainties.flatMap((certainty) => {
    const count = findings.filter((one) => one.kind !== 'limits' && one.certainty === certainty)
    return count.length === 0 ? [] : [`${number(count.length)} ${certainty}`]
  })
  const near = findings.filter(({ kind }) => kind === 'limits').length
  if (near > 0) said.push(`${plural(near, 'limit')} nearly reached`)
  return `tidypool doctor: ${plural(findings.length, 'finding')} (${said.join(', ')})`
}

function byKind(findings: readonly TreatedFinding[]): TreatedFinding[][] {
  return [...kinds, 'limits' as const]
    .map((kind) => findings.filter((finding) => finding.kind === kind))
    .filter((group) => group.length > 0)
}

function groupLines(group: readonly TreatedFinding[], atMost: number): string[] {
  const sorted = group.toSorted((one, other) => weight(one) - weight(other))
  const shown = sorted.slice(0, atMost)
  const more = group.length - shown.length
  return [
    `${group[0]?.kind ?? ''}:`,
    ...shown.flatMap(findingLines),
    ...(more > 0 ? [`  and ${number(more)} more (--verbose names all)`] : []),
  ]
}

/** What was not done comes first: that is what somebody has to think about. */
function weight({ treatment }: TreatedFinding): number {
  return treatment.outcome === 'kept' ? 0 : 1
}

function findingLines(finding: TreatedFinding): string[] {
  const { certainty, name, what, bytes, ageMs, owner, kind, remedy, treatment } = finding
  const facts = [
    ...(bytes === undefined ? [] : [size(bytes)]),
    ...(ageMs === undefined ? [] : [`${age(ageMs)} old`]),
    ...(owner === undefined ? [] : [`of ${owner.user}`]),
  ]
  const how = kind === 'limits' ? 'near' : certainty
  return [
    `  ${how.padEnd(8)} ${shorten(name, 120)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`,
    `  ${''.padEnd(8)} ${shorten(what, 160)}`,
    `  ${''.padEnd(8)} ${treatmentText(treatment, remedy)}`,
  ]
}

function treatmentText(treatment: TreatedFinding['treatment'], remedy: string): string {
  if (treatment.outcome !== 'kept')
    return treatment.outcome === 'fixed' ? '→ done' : '→ gone by itself'
  const isDry = treatment.reason === 'a dry run' || treatment.reason === 'it is up to you'
  return `→ ${shorten(remedy, 160)}${isDry ? '' : ` (kept: ${treatment.reason})`}`
}

function age(ms: number): string {
  const days = ms / 86_400_000
  return days >= 2 ? plural(Math.floor(days), 'day') : duration(ms)
}

/** The accounting: of each kind how many there were, and how many there are. */
function table({ before, after }: DoctorReport): string[] {
  const rows = [...kinds, 'total' as const].filter(
    (kind) => kind === 'total' || before[kind].count > 0 || (after?.[kind].count ?? 0) > 0,
  )
  const head = after
    ? row('left behind', ['before', 'after'], 'size before')
    : row('left behind', ['found', 'certain', 'likely', 'unknown'], 'size')
  return [head, ...rows.map((kind) => tableRow(kind, before, after))]
}

function tableRow(kind: keyof Counts, before: Counts, after: Counts | undefined): string {
  const { count, certain, likely, unknown, bytes }: Count = before[kind]
  const numbers = after ? [count, after[kind].count] : [count, certain, likely, unknown]
  return row(kind, numbers.map(number), size(bytes))
}

function row(name: string, cells: readonly string[], last: string): string {
  const middle = cells.map((cell) => cell.padStart(columns.count)).join('')
  return `${name.padEnd(columns.kind)}${middle}${last.padStart(columns.count + 4)}`
}

function failedLine({ name, failed }: CheckReport): string[] {
  return failed === undefined ? [] : [`The check ${name} could not be carried out: ${failed}`]
}

/** What else was seen: of use to who wonders why something was not found. */
function details(checks: readonly CheckReport[]): string[] {
  return checks.flatMap(({ name, about, looked, notJudged, measures }) => [
    `${name}: ${looked} (${about})`,
    ...notJudged.map((line) => `  not judged: ${shorten(line, 200)}`),
    ...(measures ?? []).map((measure) => `  ${measureText(measure)}`),
  ])
}

function measureText(measure: Measure): string {
  const { name, used, limit, unit } = measure
  const text = unit === 'bytes' ? size : number
  const percent = `${Math.floor(usedPart(measure) * 100)} %`.padStart(5)
  const mark = usedPart(measure) >= nearLimit ? '!' : ' '
  return `${percent} ${mark} ${name}: ${text(used)} of ${text(limit)}`
}

function closing({ findings, fix, before, after }: DoctorReport): string[] {
  if (after) {
    const kept = after.total.count
    return [
      `Left behind before: ${number(before.total.count)}, after: ${number(kept)}.${kept > 0 ? ' What is left was kept for the reasons given.' : ''}`,
    ]
  }
  if (fix !== 'none' || findings.every(({ kind }) => kind === 'limits')) return []
  const count = (level: Exclude<Certainty, 'unknown'>): number =>
    findings.filter((finding) => wouldFix(finding, level)).length
  const [certain, likely] = [count('certain'), count('likely')]
  const rest = before.total.count - likely
  return [
    [
      'A dry run: nothing was changed.',
      ...(certain > 0 ? [`--fix removes ${number(certain)}.`] : []),
      ...(likely > certain ? [`--fix=likely removes ${number(likely)}.`] : []),
      ...(rest > 0 ? [`${number(rest)} ${rest === 1 ? 'is' : 'are'} left to you.`] : []),
    ].join(' '),
  ]
}

/** For programs: one object. */
export function doctorJson(report: DoctorReport): string {
  const { fix, hidden, checks, findings, before, after, left } = report
  return JSON.stringify(
    {
      schemaVersion: 1,
      type: 'doctor',
      fix,
      hidden,
      before,
      after: after ?? null,
      findings: findings.map(({ fix: apply, ...finding }) => ({
        ...finding,
        canBeFixed: apply !== undefined,
      })),
      left: left?.map(({ fix: _, ...finding }) => finding) ?? null,
      measures: checks.flatMap(({ measures }) =>
        (measures ?? []).map((measure) => ({ ...measure, usedPart: usedPart(measure) })),
      ),
      checks: checks.map(({ name, about, looked, notJudged, failed }) => ({
        name,
        about,
        looked,
        notJudged,
        failed: failed ?? null,
      })),
    },
    undefined,
    2,
  )
}
