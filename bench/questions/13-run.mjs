// Question 13: how many lines a second does `tidypool run` take, does its memory stay the same, and what do xargs and GNU parallel do?
//
//   npm run bench -- --only 13
//
// Needs `npm run build` and Linux (memory is looked up in /proc); xargs and GNU parallel where they are installed.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bound } from '../goals.mjs'
import { watchMemory } from '../observe/memory-watch.mjs'

/** @import { Figure, Question, Row } from '../question.mjs' */

const JOBS = '2'
/** Commands that are all there is to a line: xargs starts about 2,000 of them a second, the others fewer. */
const COMMANDS = 2000
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const each = fileURLToPath(new URL('../subjects/each-line.mjs', import.meta.url))

/** @type {Figure} */
const rate = { name: 'linesPerSecond', title: 'lines/s', better: 'higher' }

/** @type {Figure} */
const growth = {
  name: 'growth',
  title: 'the same at the end / when a tenth was written',
  better: 'lower',
  digits: 2,
}

/**
 * Each reads lines on its standard input. What `run` writes with `--out`, the others write on their standard output, which is a file.
 *
 * @type {Readonly<Record<string, (out: string) => readonly string[]>>}
 */
const RUNNERS = {
  'run, processes': (out) => run('process', out),
  'run, threads': (out) => run('thread', out),
  'run, commands': (out) => [
    process.execPath,
    cli,
    'run',
    '-j',
    JOBS,
    '--quiet',
    '--out',
    out,
    '--',
    'true',
  ],
  'xargs, node': () => ['xargs', '-P', JOBS, '-n', '5000', process.execPath, each],
  'parallel, node': () => [
    'parallel',
    '-j',
    JOBS,
    '-q',
    '--pipe',
    '--block',
    '256k',
    process.execPath,
    each,
  ],
  'xargs, commands': () => ['xargs', '-P', JOBS, '-n', '1', 'true'],
  'parallel, commands': () => ['parallel', '-j', JOBS, '-q', 'true'],
}

/** @param {string} kind @param {string} out */
function run(kind, out) {
  const options = ['-j', JOBS, '--kind', kind, '--quiet', '--out', out]
  return [process.execPath, cli, 'run', `${each}#lengthOf`, ...options]
}

/** @param {string} group @param {number} lines @param {string} runner @param {string} contender @param {string} [note] @returns {Row} */
const row = (group, lines, runner, contender, note) => ({
  group,
  contender,
  kind: 'process',
  settings: 'default',
  ...(note === undefined ? {} : { note }),
  params: { runner, lines },
})

const sizes = [100_000, 1_000_000].map((lines) => ({
  lines,
  name: `${lines.toLocaleString('en')} lines`,
}))
const commands = `a command a line, ${COMMANDS.toLocaleString('en')} lines`

/** @param {string} file @param {number} count */
function makeLines(file, count) {
  writeFileSync(file, Array.from({ length: count }, (_, n) => `line-${n + 1}\n`).join(''))
}

/** @param {string} file */
async function countLines(file) {
  let count = 0
  for await (const piece of createReadStream(file))
    for (const byte of piece) if (byte === 10) count += 1
  return count
}

/** @type {Question} */
export default {
  id: '13',
  question: 'How many lines a second does `tidypool run` take, two at a time?',
  method:
    "Lines in a file on standard input, a trivial function of JavaScript for each, a line of JSON in a file for each result; every runner's results are counted. `run --out` writes each result as it comes and can be resumed; `xargs -n 5000 node` and `parallel --pipe node` start a program for so many lines, which writes only the value. A command a line: `true`, with nothing to write but, for `run`, how it ended. Memory: resident memory of the whole tree, looked at every 50 ms, and the peak of the runner's own process.",
  rows: [
    ...sizes.flatMap(({ name, lines }) => [
      row(name, lines, 'run, processes', 'tidypool'),
      row(name, lines, 'xargs, node', 'xargs', 'xargs -n 5000 node'),
      row(name, lines, 'parallel, node', 'GNU parallel', 'parallel --pipe node'),
      row(`${name}, --kind thread`, lines, 'run, threads', 'tidypool'),
    ]),
    row(commands, COMMANDS, 'run, commands', 'tidypool'),
    row(commands, COMMANDS, 'xargs, commands', 'xargs'),
    row(commands, COMMANDS, 'parallel, commands', 'GNU parallel'),
  ],
  figures: [
    rate,
    { name: 'seconds', title: 's', better: 'lower', digits: 1 },
    { name: 'treeMb', title: 'peak of the tree, MB', better: 'lower' },
    { name: 'ownMb', title: "peak of the runner's process, MB", better: 'lower' },
    growth,
  ],
  goals: sizes.flatMap(({ name }) =>
    [name, `${name}, --kind thread`].flatMap((group) => [
      bound(group, rate, '>=', 50_000),
      bound(group, growth, '<=', 1.2),
    ]),
  ),
  rounds: 3,
  limitMs: 180_000,
  async measure({ params }, { isQuick }) {
    const runner = String(params?.runner)
    const lines = Number(params?.lines) / (isQuick ? 100 : 1)
    const folder = mkdtempSync(join(tmpdir(), 'run-'))
    try {
      const input = join(folder, 'lines')
      const out = join(folder, 'out')
      const stdout = join(folder, 'stdout')
      const [file = '', ...args] = RUNNERS[runner]?.(out) ?? []
      if (spawnSync(file, ['--version'], { stdio: 'ignore' }).error !== undefined)
        throw new Error(`${file} is not installed`)
      makeLines(input, lines)
      // GNU parallel asks to be cited, and waits, unless this file is there.
      mkdirSync(join(folder, 'parallel'))
      writeFileSync(join(folder, 'parallel', 'will-cite'), '')
      const descriptors = [openSync(input, 'r'), openSync(stdout, 'w')]
      const startedAt = performance.now()
      const child = spawn(file, args, {
        env: { ...process.env, PARALLEL_HOME: join(folder, 'parallel') },
        stdio: [...descriptors, 'inherit'],
      })
      for (const descriptor of descriptors) closeSync(descriptor)
      const exited = once(child, 'exit')
      const results = runner.startsWith('run') ? out : stdout
      const memory = watchMemory(
        child.pid ?? 0,
        () => statSync(results, { throwIfNoEntry: false })?.size ?? 0,
      )
      const [exitCode, signal] = await exited
      const seconds = (performance.now() - startedAt) / 1000
      const used = memory.stop()
      if (exitCode !== 0) throw new Error(`${runner} ended with ${exitCode ?? signal}`)
      const written = await countLines(results)
      const expected = runner === 'xargs, commands' || runner === 'parallel, commands' ? 0 : lines
      if (written !== expected) throw new Error(`${written} results, not ${expected}`)
      return { linesPerSecond: lines / seconds, seconds, ...used }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
