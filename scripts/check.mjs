// Checks everything: `npm run check`, or some of it: `npm run check -- format lint types imports package examples tests`
//
// All steps run even when one fails, and one line each says how it went; the tests come last, so that what
// Node's test runner says of them ends the output.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fail, root, run, tool } from './project.mjs'
import { runTests } from './test.mjs'

/** @param {string} program @param {readonly string[]} args */
const node = (program, ...args) => run(process.execPath, [program, ...args])
/** @param {string} name @param {readonly string[]} args */
const script = (name, ...args) => node(path.join(root, 'scripts', name), ...args)

/** @type {Record<string, () => Promise<number>>} */
const steps = {
  format: () => node(tool('oxfmt/bin/oxfmt'), '--check'),
  lint: () => node(tool('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'),
  // The tests' types come from the built package, so it is built first; that checks src/ more strictly.
  types: async () =>
    (await script('build.mjs')) || node(tool('typescript/bin/tsc'), '-p', 'tsconfig.json'),
  imports: () => script('check-imports.mjs'),
  package: () => script('check-package.mjs'),
  examples: () => script('check-examples.mjs'),
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => name !== 'tests' && !(name in steps))
if (unknown !== undefined) fail(`${unknown}? Known: ${Object.keys(steps).join(' ')} tests`)
const isWanted = (/** @type {string} */ name) => wanted.length === 0 || wanted.includes(name)
if (!existsSync(path.join(root, 'node_modules')))
  fail('nothing is installed here; run `npm ci` first')

/** @type {string[]} */
const results = []
let isFine = true
for (const [name, step] of Object.entries(steps).filter(([name]) => isWanted(name))) {
  console.log(`\n== ${name}`)
  const start = performance.now()
  const status = await step()
  isFine &&= status === 0
  results.push(
    `${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`,
  )
}
console.log(`\n${results.map((line) => `== ${line}`).join('\n')}`)
if (isWanted('tests')) {
  console.log('\n== tests')
  isFine = (await runTests()) === 0 && isFine
}
process.exitCode = isFine ? 0 : 1
