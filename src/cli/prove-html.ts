/** The page that `tidypool prove --report` writes: one file, without scripts, that asks the network for nothing. */
import { leftoverGroups } from '../prover/leftover.ts'
import type { Proof } from '../prover/prove.ts'
import { cells, isClean, monitoring, type Cell } from '../prover/tally.ts'
import type { Mode, Trial } from '../prover/trial.ts'
import type { Way } from '../prover/way.ts'
import { proofStyle } from './prove-html-style.ts'
import { countText, monitoringRows, notes } from './prove-report.ts'
import { duration, plural, shorten } from './words.ts'

const shownLeftovers = 12

export function proofHtml(proof: Proof, words: readonly string[], seed: number): string {
  const command = words.map((word) => shorten(word, 200)).join(' ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What ${escape(shorten(command, 80))} leaves behind</title>
<style>${proofStyle}</style>
</head>
<body>
<header>
<h1>What this command leaves behind</h1>
<p class="command"><code>${escape(command)}</code></p>
<p class="about">${about(proof, seed)}</p>
</header>
${cards(proof)}
${table(proof)}
<p class="legend"><i class="dot clean"></i> left nothing <i class="dot unclean"></i> left something <i class="dot other"></i> had ended before, or went on.
A dot is a run, from left to right by the moment of its end within the command's normal time; point at it to read what it left.</p>
${list(
  'Notes',
  notes(proof).filter((line) => line !== ''),
)}
${details(proof)}
<footer>Written by <code>tidypool prove</code>. What the runs left was removed after it was counted.</footer>
</body>
</html>
`
}

function about(proof: Proof, seed: number): string {
  const times = proof.measured.map(
    ({ mode, wallMs, isLong }) => `${mode} ${isLong ? 'over ' : ''}${duration(wallMs)}`,
  )
  const attribution =
    proof.attribution === 'private'
      ? 'each with /dev/shm and System V objects of its own'
      : 'watched in the /dev/shm of the machine'
  return escape(
    `${plural(proof.done.length, 'run')} in ${duration(proof.wallMs)}, ${attribution}. A normal run takes: ${times.join(', ')}. Seed ${seed}.`,
  )
}

/** The operator's table. */
function cards(proof: Proof): string {
  const modes = monitoring(proof)
  const rows = monitoringRows(proof).map(([what, ...values]) => {
    const isBad = (at: number): boolean => !/^(0|100 %.*|-)$/.test(values[at] ?? '')
    const figures = modes.map(
      ({ mode }, at) =>
        `<dd class="${isBad(at) ? 'bad' : 'good'}"><b>${escape(values[at] ?? '')}</b> ${mode}</dd>`,
    )
    return `<dl><dt>${escape(what)}</dt>${figures.join('')}</dl>`
  })
  return `<section class="cards">${rows.join('')}</section>`
}

function table(proof: Proof): string {
  const all = cells(proof)
  const groups = leftoverGroups.map((group) => `<th scope="col">${group}</th>`).join('')
  const head = `<tr><th rowspan="2" scope="col">way to end</th>${proof.modes
    .map((mode) => `<th class="mode" colspan="4" scope="colgroup">${mode}</th>`)
    .join('')}</tr><tr>${proof.modes.map(() => `<th scope="col">runs</th>${groups}`).join('')}</tr>`
  const rows = proof.ways.map((way) => {
    const columns = proof.modes.map((mode) => {
      const cell = all.find((one) => one.way === way.id && one.mode === mode)
      return `<td>${strip(proof, way, mode)}</td>${figures(cell)}`
    })
    return `<tr><th scope="row">${escape(way.label)}</th>${columns.join('')}</tr>`
  })
  return `<div class="wide"><table><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function figures(cell: Cell | undefined): string {
  return leftoverGroups
    .map((group) => {
      const text = countText(cell?.left[group], cell?.runs ?? 0)
      const look = text === '0' ? 'none' : text === '-' ? 'unknown' : 'some'
      return `<td class="${look}">${escape(text)}</td>`
    })
    .join('')
}

const stripWidth = 120
const stripHeight = 18
const radius = 4

/** The runs of a cell, each at its moment. */
function strip(proof: Proof, way: Way, mode: Mode): string {
  const trials = proof.done.filter((trial) => trial.way === way.id && trial.mode === mode)
  const normalMs = proof.measured.find((one) => one.mode === mode)?.wallMs ?? 1
  const dots = trials.map((trial) => {
    const moment = trial.momentMs ?? normalMs
    const x = radius + 1 + Math.min(1, moment / normalMs) * (stripWidth - 2 * radius - 2)
    return `<circle class="${lookOf(trial)}" cx="${x.toFixed(1)}" cy="${stripHeight / 2}" r="${radius}"><title>${escape(said(trial))}</title></circle>`
  })
  return `<svg width="${stripWidth}" height="${stripHeight}" role="img" aria-label="${plural(trials.length, 'run')}"><line x1="0" x2="${stripWidth}" y1="${stripHeight / 2}" y2="${stripHeight / 2}"/>${dots.join('')}</svg>`
}

function lookOf(trial: Trial): string {
  if (trial.left.length > 0) return 'unclean'
  return trial.outcome === 'ended' && isClean(trial) ? 'clean' : 'other'
}

const singular = { processes: 'process', objects: 'object', files: 'file' } as const

/** A run in a line. */
function said({ momentMs, wallMs, outcome, exitCode, signal, left }: Trial): string {
  const when = momentMs === undefined ? 'by itself' : `at ${duration(momentMs)}`
  const how =
    outcome === 'did not end'
      ? 'it went on'
      : `${outcome === 'late' ? 'it had ended before, with ' : ''}${signal ?? `exit code ${exitCode}`} after ${duration(wallMs)}`
  const what = leftoverGroups.flatMap((group) => {
    const many = left.filter((one) => one.group === group).length
    return many === 0 ? [] : [plural(many, singular[group], group)]
  })
  return `${when}: ${how}; left ${what.length === 0 ? 'nothing' : what.join(', ')}`
}

/** Of each cell that has some: the run that left most, by name. */
function details(proof: Proof): string {
  const parts = proof.ways.flatMap((way) =>
    proof.modes.flatMap((mode) => {
      const [worst] = proof.done
        .filter((trial) => trial.way === way.id && trial.mode === mode && trial.left.length > 0)
        .toSorted((one, other) => other.left.length - one.left.length)
      if (!worst) return []
      const shown = worst.left
        .slice(0, shownLeftovers)
        .map(
          ({ kind, name }) => `<li>${escape(kind)} <code>${escape(shorten(name, 160))}</code></li>`,
        )
      const more = worst.left.length - shown.length
      return [
        `<details><summary>${escape(way.label)}, ${mode}: ${escape(said(worst))}</summary><ul>${shown.join('')}${more > 0 ? `<li>and ${more} more</li>` : ''}</ul></details>`,
      ]
    }),
  )
  return parts.length === 0
    ? ''
    : `<section><h2>What was left, by name</h2><p>Of each cell the run that left most.</p>${parts.join('\n')}</section>`
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `<section><h2>${title}</h2><ul>${lines.map((line) => `<li>${escape(line)}</li>`).join('')}</ul></section>`
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  }
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
}
