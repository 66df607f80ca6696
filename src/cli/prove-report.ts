/** What `tidypool prove` says: a table of what each end left, the operator's table, and one JSON object. */
import { leftoverGroups } from '../prover/leftover.ts'
import type { Measured, Outlook, Proof } from '../prover/prove.ts'
import { cells, monitoring, type Cell, type Count } from '../prover/tally.ts'
import type { Mode } from '../prover/trial.ts'
import { ways } from '../prover/ways.ts'
import { duration, number, plural, shorten } from './words.ts'

const gap = '  '

/** Before the first trial. */
export function outlookText(outlook: Outlook): string {
  const { trials, estimateMs, measured, notRun } = outlook
  return [
    ...measured.flatMap((one) => warningOf(one)),
    ...notRun.map(({ way, reason }) => `${labelOf(way)}: not run, ${reason}`),
    `${plural(trials, 'run')}, about ${duration(estimateMs)}${runTimes(measured)}`,
  ].join('\n')
}

function runTimes(measured: readonly Measured[]): string {
  const times = measured.map(
    ({ mode, wallMs, isLong }) => `${mode} ${isLong ? 'over ' : ''}${duration(wallMs)}`,
  )
  return times.length === 0 ? '' : ` (a normal one: ${times.join(', ')})`
}

/** It may be meant so; the moments are drawn from this time all the same. */
function warningOf({ mode, exitCode, signal, isLong, lastLines }: Measured): string[] {
  if (isLong || (exitCode === 0 && signal === null)) return []
  const said = lastLines.map((line) => `    ${shorten(line, 160)}`)
  return [`${mode}, it ends by itself with ${signal ?? `exit code ${exitCode}`}`, ...said]
}

/** @param columns  How wide it may be: what does not fit side by side stands below one another. */
export function proofText(proof: Proof, columns: number): string {
  const wide = tableOf(proof)
  const table = wide.every((line) => line.length <= columns) ? wide : stackedTableOf(proof)
  return [...table, '', ...monitoringOf(proof), ...notes(proof)].join('\n')
}

function tableOf(proof: Proof): string[] {
  const all = cells(proof)
  const head = ['', ...proof.modes.flatMap((mode) => [mode, '', ''])]
  const groups = ['', ...proof.modes.flatMap(() => leftoverGroups)]
  const rows = proof.ways.map((way) => [
    way.label,
    ...proof.modes.flatMap((mode) => cellTexts(find(all, way.id, mode))),
  ])
  return align([head, groups, ...rows])
}

function stackedTableOf(proof: Proof): string[] {
  const all = cells(proof)
  const rows = proof.ways.flatMap((way) =>
    proof.modes.map((mode, at) => [
      at === 0 ? way.label : '',
      mode,
      ...cellTexts(find(all, way.id, mode)),
    ]),
  )
  return align([['', '', ...leftoverGroups], ...rows])
}

function find(all: readonly Cell[], way: string, mode: Mode): Cell | undefined {
  return all.find((cell) => cell.way === way && cell.mode === mode)
}

function cellTexts(cell: Cell | undefined): string[] {
  return leftoverGroups.map((group) => countText(cell?.left[group], cell?.runs ?? 0))
}

/** `3 of 5, most 8`; `0` when none of them left any; `-` when none of them ended. */
export function countText(count: Count | undefined, runs: number): string {
  if (!count || runs === 0) return '-'
  return count.runs === 0 ? '0' : `${count.runs} of ${runs}, most ${number(count.most)}`
}

function monitoringOf(proof: Proof): string[] {
  const rows = monitoring(proof)
  return align([
    ['', ...rows.map(({ mode }) => mode)],
    ...monitoringRows(proof).map(([what, ...values]) => [what, ...values]),
  ])
}

/** The rows of the operator's table: what, and for each mode how much. */
export function monitoringRows(proof: Proof): readonly (readonly [string, ...string[]])[] {
  const modes = monitoring(proof)
  return [
    ['leak warnings', ...modes.map(({ leakWarnings }) => number(leakWarnings))],
    ['clean shutdowns', ...modes.map(({ clean, runs }) => percent(clean, runs))],
    ...leftoverGroups.map((group): [string, ...string[]] => [
      `accumulated ${group}`,
      ...modes.map(({ accumulated }) => number(accumulated[group])),
    ]),
  ]
}

function percent(part: number, whole: number): string {
  if (whole === 0) return '-'
  return `${Math.floor((100 * part) / whole)} % (${number(part)} of ${number(whole)})`
}

/** What the tables do not say. */
export function notes(proof: Proof): string[] {
  const all = cells(proof)
  const lines = [
    ...proof.notRun.map(({ way, reason }) => `${labelOf(way)}: not run, ${reason}`),
    ...all
      .filter(({ didNotEnd }) => didNotEnd > 0)
      .map(
        ({ way, mode, didNotEnd, runs, late }) =>
          `${labelOf(way)}, ${mode}: ${didNotEnd} of ${didNotEnd + runs + late} went on, and are not counted`,
      ),
    ...lateText(all),
    ...unattributed(proof),
    ...new Set(proof.done.flatMap(({ remains }) => remains.map((text) => `not removed: ${text}`))),
    ...(proof.isInterrupted
      ? [`interrupted after ${number(proof.done.length)} of ${plural(proof.trials, 'run')}`]
      : []),
  ]
  return lines.length === 0 ? [] : ['', ...lines]
}

/** The command is not always as fast as it was when it was measured. */
function lateText(all: readonly Cell[]): string[] {
  const found = all.filter(({ late }) => late > 0)
  if (found.length === 0) return []
  const sum = found.reduce((many, { late }) => many + late, 0)
  const where = found.map(({ way, mode, late }) => `${labelOf(way)} ${mode} ${late}`).join(', ')
  return [`not in the table: ${plural(sum, 'run')} that had ended before the moment (${where})`]
}

function unattributed({ done }: Proof): string[] {
  const many = done.reduce((sum, trial) => sum + trial.unattributed, 0)
  if (many === 0) return []
  return [
    `${plural(many, 'object')} appeared meanwhile of which nobody can say whose they are: not counted, not removed`,
  ]
}

function labelOf(way: string): string {
  return ways.find(({ id }) => id === way)?.label ?? way
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((text, at) => Math.max(most[at] ?? 0, text.length)),
    [],
  )
  return rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join(gap)
      .trimEnd(),
  )
}

/** For programs: one object. */
export function proofJson(proof: Proof, words: readonly string[], seed: number): string {
  const { done, ways: tried, ...rest } = proof
  const json = {
    schemaVersion: 1,
    type: 'prove',
    words,
    seed,
    ...rest,
    ways: tried.map(({ id, label }) => ({ id, label })),
    table: cells(proof),
    monitoring: monitoring(proof),
    runs: done,
  }
  return `${JSON.stringify(json, undefined, 2)}\n`
}
