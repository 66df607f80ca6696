// Question: how long do 2,000 small commands take under xargs, GNU parallel and `tidypool run`, how do they tell a failure, and what
// does a SIGKILL of the runner leave?
//
//   node bench/run-command.mjs [--commands N] [--jobs N] [--rounds N] [--json FILE]
//
// Needs `npm run build`, xargs and GNU parallel (Debian: parallel). The runners take turns within each round; the table has medians. What
// a SIGKILL leaves is looked up from outside 2 s afterwards, by a variable in /proc/PID/environ, and then killed. Linux only.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '2000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const commands = Number(values.commands)
const jobs = Number(values.jobs)
const rounds = Number(values.rounds)
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const LOOK_AFTER_MS = 2000

/**
 * A runner with its command line: inputs are on standard input, one a line, and are given to the words as the last one.
 *
 * @type {Record<string, (words: readonly string[]) => readonly string[]>}
 */
const RUNNERS = {
  xargs: (words) => ['xargs', '-n', '1', '-P', String(jobs), ...words],
  parallel: (words) => ['parallel', '-j', String(jobs), '-q', ...words],
  'tidypool run': (words) => [
    process.execPath,
    main,
    'run',
    '-j',
    String(jobs),
    '--quiet',
    '--',
    ...words,
  ],
}

const folder = mkdtempSync(join(tmpdir(), 'run-command-'))
mkdirSync(join(folder, 'parallel'))
// Silences its request to be cited, which it waits for.
writeFileSync(join(folder, 'parallel', 'will-cite'), '')
const env = {
  ...process.env,
  PARALLEL_HOME: join(folder, 'parallel'),
  TIDYPOOL_STATE_DIR: join(folder, 'state'),
}

/** @param {number} count */
const inputs = (count) => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join('')

/**
 * @param {readonly string[]} line
 * @param {string} input
 */
function run([file = '', ...args], input) {
  const startedAt = performance.now()
  const { status, signal, stdout } = spawnSync(file, args, {
    input,
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    maxBuffer: 2 ** 30,
  })
  return { ms: performance.now() - startedAt, status, signal, bytes: stdout.length }
}

/** @param {string} tag */
function carriers(tag) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`).includes(tag)) return false
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] !== 'Z'
      } catch {
        return false // it ended while we looked
      }
    })
    .map(Number)
}

/**
 * Kills the runner while two commands run that have a child in the background and one in a session of its own.
 *
 * @param {(words: readonly string[]) => readonly string[]} lineOf
 * @returns how many processes are alive afterwards
 */
async function leftByKill(lineOf) {
  const tag = randomUUID()
  const ready = join(folder, tag)
  mkdirSync(ready)
  const script = `sleep 1000 & setsid sleep 1000 & : > ${ready}/$0; sleep 1000`
  const [file = '', ...args] = lineOf(['sh', '-c', script])
  const child = spawn(file, args, {
    env: { ...env, RUN_COMMAND: tag },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  try {
    child.stdin.end(inputs(2))
    const deadline = performance.now() + 20_000
    while (readdirSync(ready).length < Math.min(2, jobs)) {
      if (performance.now() > deadline) throw new Error(`${file}: the commands do not run`)
      await delay(20)
    }
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await delay(LOOK_AFTER_MS)
    return carriers(tag).length
  } finally {
    for (const pid of carriers(tag)) process.kill(pid, 'SIGKILL')
  }
}

/** @param {readonly number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** @param {string} file */
const version = (file) => execFileSync(file, ['--version'], { encoding: 'utf8' }).split('\n')[0]

if (process.platform !== 'linux') throw new Error('This program looks into /proc: Linux only.')
if (!existsSync(main)) throw new Error('There is no dist/: run `npm run build` first.')
try {
  const rows = Object.keys(RUNNERS).map((name) => ({
    name,
    /** @type {number[]} */
    truesMs: [],
    /** @type {number[]} */
    echoesMs: [],
    status: /** @type {number | null} */ (null),
    left: 0,
  }))
  for (let round = 0; round < rounds; round += 1) {
    for (const row of rows) {
      const lineOf = RUNNERS[row.name] ?? (() => [])
      row.truesMs.push(run(lineOf(['true']), inputs(commands)).ms)
      const echoes = run(lineOf(['echo']), inputs(commands))
      if (echoes.bytes !== inputs(commands).length) throw new Error(`${row.name}: output is lost`)
      row.echoesMs.push(echoes.ms)
      console.error(`round ${round + 1}, ${row.name}: ${Math.round(row.truesMs.at(-1) ?? 0)} ms`)
    }
  }
  for (const row of rows) {
    const lineOf = RUNNERS[row.name] ?? (() => [])
    row.status = run(lineOf(['sh', '-c', 'test $0 -ne 3']), inputs(5)).status
    row.left = await leftByKill(lineOf)
  }
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} usable, load ${loadavg()[0]?.toFixed(1)}`
  console.log(
    `${commands} commands, ${jobs} at a time, median of ${rounds} rounds (node ${process.version}, ${version('xargs')}, ${version('parallel')}; ${machine})\n`,
  )
  console.log(
    '| | `true`: s | a command: ms | commands/s | `echo`: s | exit code, one of five fails | alive after SIGKILL of the runner |',
  )
  console.log('|---|---|---|---|---|---|---|')
  for (const { name, truesMs, echoesMs, status, left } of rows) {
    const ms = median(truesMs)
    console.log(
      `| ${name} | ${(ms / 1000).toFixed(2)} | ${(ms / commands).toFixed(2)} | ${Math.round((commands * 1000) / ms)} | ${(median(echoesMs) / 1000).toFixed(2)} | ${status} | ${left} |`,
    )
  }
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ node: process.version, machine, commands, jobs, rounds, rows }, null, 2)}\n`,
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
