// Question: what does `tidypool exec` cost, from start to exit of a command that does nothing, and while 500 processes sleep?
//
//   node bench/exec-overhead.mjs [--repeats N] [--processes N] [--seconds N] [--json FILE]
//
// The commands are run in turn, one of each a round, so that whatever else the machine does meets all of them. bash
// takes the times: wall in microseconds, user and system in milliseconds, of the command and of all that it waited for. What
// the guardian does after the end is in none of them. Needs bash; timeout and tini where they are installed. Linux only.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '40' },
    processes: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
})
const repeats = Number(values.repeats)
const sleepers = Number(values.processes)
const seconds = Number(values.seconds)
const tidypool = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const node = process.execPath
const ticksPerSecond = 100

// `true` alone is a builtin of bash.
const plain = placeOf('true') ?? '/bin/true'
/** @type {readonly { name: string, words: readonly string[] }[]} */
const COMMANDS = [
  { name: 'true', words: [plain] },
  { name: 'timeout 10 true', words: ['timeout', '10', 'true'] },
  { name: 'tini -s -- true', words: ['tini', '-s', '--', 'true'] },
  { name: 'node -e 0', words: [node, '-e', '0'] },
  { name: 'tidypool exec -- true', words: [node, tidypool, 'exec', '--', 'true'] },
]

/** @param {string} program */
function placeOf(program) {
  if (program.includes('/')) return program
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file))
}

/**
 * Runs it once. What it prints is read by nobody.
 *
 * @param {readonly string[]} words
 */
function timed(words) {
  const script = `TIMEFORMAT='%U %S'
    exec 3>/dev/null
    from=$EPOCHREALTIME
    time "$@" >&3 2>&3 || exit
    echo "$from $EPOCHREALTIME"`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`)
  const [from = 0, to = 0, user = 0, system = 0] = `${stdout} ${stderr}`
    .trim()
    .split(/\s+/)
    .map(Number)
  return { wallMs: (to - from) * 1000, userMs: user * 1000, systemMs: system * 1000 }
}

/** @param {readonly number[]} numbers */
function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return ((sorted[middle] ?? 0) + (sorted[Math.ceil(sorted.length / 2 - 0.5)] ?? 0)) / 2
}

/** @param {readonly number[]} numbers */
function mean(numbers) {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}

/** Start to exit of each command. */
function starts() {
  const commands = COMMANDS.filter(({ words }) => placeOf(words[0] ?? '') !== undefined)
  const runs = commands.map((command) => ({
    ...command,
    /** @type {ReturnType<typeof timed>[]} */
    times: [],
  }))
  // The first round fills caches.
  for (let round = -1; round < repeats; round += 1) {
    for (const { words, times } of runs) {
      const time = timed(words)
      if (round >= 0) times.push(time)
    }
  }
  return runs.map(({ name, times }) => ({
    name,
    wallMs: median(times.map(({ wallMs }) => wallMs)),
    // bash counts whole milliseconds: their mean is finer than their median.
    userMs: mean(times.map(({ userMs }) => userMs)),
    systemMs: mean(times.map(({ systemMs }) => systemMs)),
  }))
}

/**
 * Processor time of a process so far, in milliseconds, as the kernel counts it in ticks of 10 ms.
 *
 * @param {number} pid
 */
function processorMs(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/**
 * @param {number} pid
 * @returns {number} how many processes have it as their parent
 */
function childrenOf(pid) {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      return Number(text.slice(text.lastIndexOf(') ') + 2).split(' ')[1]) === pid
    } catch {
      return false // it ended while we looked
    }
  }).length
}

/** What the supervisor uses while its command's processes do nothing. */
async function supervision() {
  const script = `echo $$; for i in $(seq ${sleepers}); do sleep 1000 & done; wait`
  const words = [tidypool, 'exec', '--kill-after', '1s', '--', 'sh', '-c', script]
  const child = spawn(node, words, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    const shell = await new Promise((resolve) =>
      child.stdout.once('data', (text) => resolve(Number(text))),
    )
    for (const deadline = Date.now() + 60_000; childrenOf(shell) < sleepers;) {
      if (Date.now() > deadline || child.exitCode !== null)
        throw new Error('not all of them started')
      await delay(50)
    }
    // The start is not what is asked for.
    await delay(1000)
    const pid = child.pid ?? 0
    const from = { atMs: performance.now(), usedMs: processorMs(pid) }
    await delay(seconds * 1000)
    const usedMs = processorMs(pid) - from.usedMs
    return {
      processes: sleepers,
      seconds,
      usedMs,
      percent: (100 * usedMs) / (performance.now() - from.atMs),
    }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

if (process.platform !== 'linux')
  throw new Error('This program reads /proc: it runs on Linux only.')
if (!existsSync(tidypool)) throw new Error('There is no dist/ yet: npm run build')
const started = starts()
const supervised = await supervision()
const of = (/** @type {string} */ name) => started.find((row) => row.name === name)?.wallMs ?? NaN
const bare = of('node -e 0')

console.log(
  `Start to exit, in milliseconds (${repeats} runs each, in turn; wall: medians, processor: means; node ${process.version}, ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim()})\n`,
)
console.log('| command | wall | user | system | wall: times `true` | wall: times `node -e 0` |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
for (const { name, wallMs, userMs, systemMs } of started) {
  const cells = [wallMs, userMs, systemMs, wallMs / of('true'), wallMs / bare]
  console.log(
    `| \`${name}\` | ${cells.map((cell) => cell.toFixed(cell < 10 ? 2 : 1)).join(' | ')} |`,
  )
}
console.log(
  `\nOf ${of('tidypool exec -- true').toFixed(0)} ms, ${bare.toFixed(0)} ms are Node's own start.`,
)
console.log(
  `\nThe supervisor of ${supervised.processes} sleeping processes used ${supervised.usedMs} ms of processor time in ${seconds} s: ${supervised.percent.toFixed(2)} % of a core.`,
)
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.version, repeats, started, supervised }, null, 2)}\n`,
  )
