// Runs the tests: `npm test [-- part-of-a-path… --test-option…]`
//
// Builds, gives test/**/*.test.ts to Node's own test runner (Node 20 expands no patterns), and says
// just before that runner's closing lines what was not run here and what would bring it.
// With CI=true nothing that a package could bring may be missing. Fails also when the run leaves a process
// or a temporary file behind.
import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { watchLeftovers } from './leftovers.mjs'
import { fail, filesBelow, root, run } from './project.mjs'

/** @import { NotRun } from '../test/helpers/needs.ts' */

/**
 * Runs the test files whose path contains one of `parts` (all of them when there are none).
 * @param {{ parts?: readonly string[], options?: readonly string[], env?: NodeJS.ProcessEnv, build?: boolean }} [what]
 * @returns {Promise<number>} the exit status
 */
export async function runTests({ parts = [], options = [], env = {}, build = true } = {}) {
  const files = filesBelow('test')
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join('test', file))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  if (files.length === 0) {
    console.error(
      parts.length === 0
        ? 'test: there are no tests in test/'
        : `test: no test file has ${parts.join(' or ')} in its path`,
    )
    return 1
  }
  if (build) {
    const status = await run(process.execPath, ['scripts/build.mjs', '--emit-only'])
    if (status !== 0) return status
  }

  const leftovers = watchLeftovers()
  try {
    const notRun = path.join(leftovers.tmp, 'tsx-not-run.jsonl')
    const terminal = process.stdout.isTTY
    const reporter = options.some((option) => option.startsWith('--test-reporter'))
      ? []
      : [`--test-reporter=${terminal ? 'spec' : 'tap'}`]
    // Most tests wait for other processes: Node's own choice, one core fewer, would leave one of two idle.
    const concurrency = options.some((option) => option.startsWith('--test-concurrency'))
      ? []
      : [`--test-concurrency=${os.availableParallelism()}`]
    const closing = holdClosingLines((text) => process.stdout.write(text))
    const status = await run(
      process.execPath,
      [...loader(), '--test', ...reporter, ...concurrency, ...options, ...files],
      {
        onStdout: closing.write,
        env: {
          ...process.env,
          ...(terminal && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {}),
          ...leftovers.env,
          ...env,
          TIDYPOOL_NOT_RUN: notRun,
          // Reported results belong to this runner, whoever started it.
          NODE_TEST_CONTEXT: undefined,
        },
      },
    )
    const left = await leftovers.list()
    const missing = summary(notRun)
    closing.end(
      [
        ...missing.lines,
        ...(left.length === 0
          ? []
          : ['Left behind by this run:', ...left.map((line) => `  ${line}`)]),
      ],
      terminal,
    )
    if (status !== 0) return status
    return left.length > 0 || (missing.packages > 0 && process.env['CI'] === 'true') ? 1 : 0
  } finally {
    leftovers.remove()
  }
}

/**
 * Our tests are TypeScript with `await using`. A Node that understands both runs them by itself (24 does);
 * others get tsx, which lowers the second too. @returns {string[]}
 */
function loader() {
  const strips = 'typescript' in process.features && process.features.typescript !== false
  if (strips && isSyntax('async () => { await using a = null }')) return []
  return ['--import', pathToFileURL(path.join(root, 'scripts/with-tsx.mjs')).href]
}

/** @param {string} code */
function isSyntax(code) {
  try {
    return Boolean(new vm.Script(code))
  } catch {
    return false // a SyntaxError is the answer
  }
}

/**
 * Passes the runner's output on, but keeps its counts at the end until what we have to say is said.
 * @param {(text: string) => void} write
 */
function holdClosingLines(write) {
  let rest = ''
  let held = ''
  const line = (/** @type {string} */ text) => {
    // "# tests 12" in TAP, "ℹ tests 12" (coloured) in spec.
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    const plain = text.replaceAll(/\u001B\[\d+m/g, '')
    if (/^(#|ℹ) (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(plain)) {
      held += `${text}\n`
      return
    }
    write(`${held}${text}\n`)
    held = ''
  }
  return {
    write: (/** @type {string} */ chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) line(text)
    },
    end: (/** @type {readonly string[]} */ said, /** @type {boolean} */ terminal) => {
      if (rest !== '') line(rest)
      if (said.length > 0)
        write(`${said.map((text) => (terminal ? text : `# ${text}`)).join('\n')}\n`)
      write(held)
    },
  }
}

/** @param {string} file */
function summary(file) {
  /** @type {NotRun[]} */
  const notes = existsSync(file)
    ? readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []
  /** @type {Map<string, { command: string | undefined, files: Map<string, number> }>} */
  const needs = new Map()
  for (const { need, command, file: test } of notes) {
    const entry = needs.get(need) ?? { command, files: new Map() }
    entry.files.set(test, (entry.files.get(test) ?? 0) + 1)
    needs.set(need, entry)
  }
  const lines = [...needs].map(([need, { command, files }]) => {
    const where = [...files].map(([test, count]) => `${test} (${count})`).join(', ')
    return `  ${need}: ${where}. ${command === undefined ? 'This machine cannot.' : `To run them: ${command}`}`
  })
  return {
    lines: lines.length === 0 ? [] : ['Not run:', ...lines],
    packages: [...needs.values()].filter(({ command }) => command !== undefined).length,
  }
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2)
  const unknown = args.find((arg) => arg.startsWith('-') && !arg.startsWith('--test'))
  if (unknown !== undefined)
    fail(`${unknown}? Known: parts of paths, and options of node that begin with --test`)
  process.exitCode = await runTests({
    parts: args.filter((arg) => !arg.startsWith('-')),
    options: args.filter((arg) => arg.startsWith('-')),
  })
}
