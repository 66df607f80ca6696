// A plot of lines as SVG, without a library: panels side by side, both axes logarithmic, readable on light and dark ground.

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {readonly (readonly [x: number, y: number])[]} points  All above 0, x ascending.
 *
 * @typedef {object} Panel
 * @property {string} title
 * @property {readonly Line[]} lines
 *
 * @typedef {object} Labels
 * @property {string} title
 * @property {string} description  For who cannot see it.
 * @property {string} x
 * @property {string} y
 */

const PANEL = { width: 380, height: 330, left: 62, right: 74, top: 52, bottom: 46 }

/** One after the other from the same hue outwards, so that order can be seen; readable on both grounds. */
const COLOURS = {
  light: ['#1b4f9c', '#0f766e', '#4d7c0f', '#b45309', '#b91c1c'],
  dark: ['#7fb0f5', '#5eead4', '#bef264', '#fbbf24', '#fca5a5'],
}
const DASHES = ['', '8 3', '4 3', '2 3', '9 3 2 3']

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** @param {number} value */
const short = (value) =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : String(value)

/** Powers of ten, and for a short axis twice and five times them, that are between both. @param {number} from @param {number} to */
function ticks(from, to) {
  const decades = Math.log10(to / from)
  const steps = decades > 2.5 ? [1] : [1, 2, 5]
  const found = []
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1)
    for (const step of steps) found.push(Number((step * 10 ** power).toPrecision(1)))
  return found.filter((tick) => tick >= from * 0.999 && tick <= to * 1.001)
}

/** @param {number} from @param {number} to @param {number} start @param {number} end */
function logScale(from, to, start, end) {
  const span = Math.log(to / from) || 1
  return (/** @type {number} */ value) =>
    Number((start + (Math.log(value / from) / span) * (end - start)).toFixed(1))
}

/** Moves texts that would cover each other apart, none of them below the last place. @param {readonly number[]} wanted @param {number} distance @param {number} lowest */
function spread(wanted, distance, lowest) {
  const order = wanted.map((y, index) => ({ y, index })).toSorted((a, b) => b.y - a.y)
  const placed = [...wanted]
  let last = lowest + distance
  for (const { y, index } of order) {
    last = Math.min(y, last - distance)
    placed[index] = last
  }
  return placed
}

/** @param {Panel} panel @param {number} offset @param {Labels} labels @param {{ x: readonly [number, number], y: readonly [number, number] }} range */
function drawPanel({ title, lines }, offset, labels, range) {
  const left = offset + PANEL.left
  const right = offset + PANEL.width - PANEL.right
  const bottom = PANEL.height - PANEL.bottom
  const x = logScale(...range.x, left, right)
  const y = logScale(...range.y, bottom, PANEL.top)
  const parts = [`<text class="name" x="${left}" y="${PANEL.top - 16}">${escaped(title)}</text>`]
  for (const tick of ticks(...range.y))
    parts.push(
      `<path class="grid" d="M${left} ${y(tick)}H${right}"/>`,
      `<text class="small" text-anchor="end" x="${left - 8}" y="${y(tick) + 4}">${short(tick)}</text>`,
    )
  for (const tick of ticks(...range.x))
    parts.push(
      `<path class="grid" d="M${x(tick)} ${PANEL.top}V${bottom}"/>`,
      `<text class="small" text-anchor="middle" x="${x(tick)}" y="${bottom + 18}">${short(tick)}</text>`,
    )
  parts.push(
    `<text class="small" text-anchor="middle" x="${(left + right) / 2}" y="${bottom + 37}">${escaped(labels.x)}</text>`,
  )
  const drawn = lines.filter(({ points }) => points.length > 0)
  const names = spread(
    drawn.map(({ points }) => y(points.at(-1)?.[1] ?? range.y[0])),
    15,
    bottom - 4,
  )
  for (const [n, { name, points }] of drawn.entries()) {
    const path = points.map(([px, py]) => `${x(px)} ${y(py)}`).join('L')
    parts.push(
      `<path class="line c${n}" stroke-dasharray="${DASHES[n % DASHES.length]}" d="M${path}"/>`,
      ...points.map(([px, py]) => `<circle class="dot d${n}" cx="${x(px)}" cy="${y(py)}" r="3"/>`),
      `<text class="small d${n}" x="${right + 7}" y="${(names[n] ?? 0) + 4}">${escaped(name)}</text>`,
    )
  }
  return parts
}

/** @param {keyof typeof COLOURS} ground */
const colours = (ground) =>
  COLOURS[ground].map((colour, n) => `.c${n} { stroke: ${colour} } .d${n} { fill: ${colour} }`)

/**
 * The panels share their axes, so that what is higher costs more in all of them.
 *
 * @param {readonly Panel[]} panels
 * @param {Labels} labels
 */
export function plot(panels, labels) {
  const points = panels.flatMap(({ lines }) => lines.flatMap((line) => line.points))
  if (points.length === 0) throw new Error('there is nothing to plot')
  const xs = points.map(([x]) => x)
  const ys = points.map(([, y]) => y)
  /** @type {{ x: [number, number], y: [number, number] }} */
  const range = {
    x: [Math.min(...xs), Math.max(...xs)],
    y: [Math.min(...ys) / 1.15, Math.max(...ys) * 1.15],
  }
  const width = PANEL.width * panels.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" role="img" aria-labelledby="title what">`,
    `  <title id="title">${escaped(labels.title)}</title>`,
    `  <desc id="what">${escaped(labels.description)}</desc>`,
    '  <style>',
    '    text { font: 15px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: #1f2328 }',
    '    .small { font-size: 12px; fill: #57606a }',
    '    .name { font-weight: 600 }',
    '    .grid { fill: none; stroke: #8c96a3; stroke-opacity: 0.3 }',
    '    .line { fill: none; stroke-width: 2 }',
    ...colours('light').map((rule) => `    ${rule}`),
    '    @media (prefers-color-scheme: dark) {',
    '      text { fill: #e6edf3 }',
    '      .small { fill: #9aa4af }',
    ...colours('dark').map((rule) => `      ${rule}`),
    '    }',
    '  </style>',
    `  <text class="small" x="8" y="16">${escaped(labels.y)}</text>`,
    ...panels.flatMap((panel, n) =>
      drawPanel(panel, n * PANEL.width, labels, range).map((part) => `  ${part}`),
    ),
    '</svg>',
    '',
  ].join('\n')
}
