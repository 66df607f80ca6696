// Type-checks and runs the examples of the documentation: `npm run check -- examples`
//
// docs/fixtures/README.md says what an example may do. They run on the Node in use and on each that the
// environment variable NODE_BINARIES names (paths, separated as in PATH).
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { findExamples } from './examples.mjs'
import { watchLeftovers } from './leftovers.mjs'
import { fail, filesBelow, root, tool } from './project.mjs'

/** @import { Example } from './examples.mjs' */
/** @typedef {{ example: Example, folder: string, file: string, shift: number, isRun: boolean, exits: number }} Placed */

const limitMs = 30_000
/** @type {string[]} */
const problems = []

if (!existsSync(path.join(root, 'dist/index.js')))
  fail('there is no dist/index.js yet; run `npm run build` first')
const leftovers = watchLeftovers()
try {
  await check(path.join(leftovers.tmp, 'tsx-examples'))
} finally {
  leftovers.remove()
}
for (const problem of problems) console.error(`examples: ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0

/** @param {string} workshop */
async function check(workshop) {
  const examples = findExamples()
  mkdirSync(path.join(workshop, 'node_modules'), { recursive: true })
  symlinkSync(root, path.join(workshop, 'node_modules/tidypool'))
  writeFileSync(path.join(workshop, 'package.json'), '{ "type": "module" }\n')
  const placed = examples.flatMap((example) => place(workshop, example))
  if (placed.length > 0) checkTypes(workshop, placed)
  // Complete JavaScript runs as it stands there, so that it also runs where somebody pastes it.
  for (const { example, folder, file } of placed) {
    if (example.language === 'js' && isComplete(example)) {
      writeFileSync(path.join(folder, compiled(file)), example.code)
    }
  }

  const nodes = [
    process.execPath,
    ...(process.env['NODE_BINARIES'] ?? '').split(path.delimiter).filter(Boolean),
  ]
  const jobs = nodes.flatMap((node) =>
    placed.filter(({ isRun }) => isRun).map((one) => ({ node, one })),
  )
  const waiting = jobs.values()
  await Promise.all(
    Array.from({ length: os.availableParallelism() }, async () => {
      for (const { node, one } of waiting) await runExample(node, one)
    }),
  )
  for (const line of await leftovers.list()) problems.push(`left behind: ${line}`)
  const isRun = placed.filter((one) => one.isRun).length
  console.log(
    `examples: ${examples.length} found, ${placed.length} checked, ${isRun} run on ${nodes.length} Node(s)`,
  )
}

/**
 * Writes an example into a folder: src/FOLDER is compiled to out/FOLDER, where it runs. Examples of one
 * document that name files share these.
 * @param {string} workshop
 * @param {Example} example
 * @returns {Placed[]}
 */
function place(workshop, example) {
  const where = `${example.document}:${example.line}`
  const [, word = '', reason = ''] = /\b(no-run|no-check)\b[: ]*(.*)$/.exec(example.info) ?? []
  if (word !== '' && reason.trim() === '') problems.push(`${where}: ${word} without a reason`)
  if (word === 'no-check') return []
  const name = /\bfile=(\S+)/.exec(example.info)?.[1]
  const folder = path.join(workshop, 'src', example.document.replaceAll(/[^\w]+/g, '-'))
  const out = path.join(workshop, 'out', path.basename(folder))
  if (!existsSync(folder)) {
    for (const target of [folder, out]) {
      mkdirSync(target, { recursive: true })
      for (const file of filesBelow('docs/fixtures').filter((file) =>
        /\.(m?[jt]s|json|txt)$/.test(file),
      )) {
        if (file !== 'prelude.ts')
          copyFileSync(path.join(root, 'docs/fixtures', file), path.join(target, file))
      }
    }
  }
  const isFragment = name === undefined && !isComplete(example)
  const before = isFragment ? `${prelude()}{\n` : ''
  const after = isFragment ? '}\n' : ''
  // JavaScript goes through the compiler too, so that fragments work, but nobody promised its types.
  const head = example.language === 'js' && name === undefined ? '// @ts-nocheck\n' : ''
  const file = name ?? `example-${example.line}.ts`
  const text = `${head}${before}${example.code}${after}`
  if (name !== undefined) rmSync(path.join(folder, name.replace(/js$/, 'ts')), { force: true })
  writeFileSync(path.join(folder, file), text)
  if (name !== undefined) writeFileSync(path.join(out, file), example.code)
  return [
    {
      example,
      folder: out,
      file,
      shift: example.line - 1 - ((head + before).split('\n').length - 1),
      isRun: word === '' && name === undefined,
      exits: Number(/\bexits=(\d+)/.exec(example.info)?.[1] ?? 0),
    },
  ]
}

/** @param {Example} example */
function isComplete(example) {
  return /^\s*(import|export)\b/m.test(example.code)
}

/** @param {string} file */
function compiled(file) {
  return file.replace(/ts$/, 'js')
}

function prelude() {
  return readFileSync(path.join(root, 'docs/fixtures/prelude.ts'), 'utf8')
}

/** @param {string} workshop @param {readonly Placed[]} placed */
function checkTypes(workshop, placed) {
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      checkJs: false,
      moduleDetection: 'force',
      rootDir: 'src',
      outDir: 'out',
      typeRoots: [path.join(root, 'node_modules/@types')],
    },
    include: ['src'],
  }
  writeFileSync(path.join(workshop, 'tsconfig.json'), JSON.stringify(config))
  const tsc = spawnSync(
    process.execPath,
    [tool('typescript/bin/tsc'), '-p', workshop, '--pretty', 'false'],
    {
      cwd: workshop,
      encoding: 'utf8',
    },
  )
  for (const line of `${tsc.stdout}${tsc.stderr}`.split('\n').filter(Boolean)) {
    const [, folder, file, row, rest] = /^src\/([^/]+)\/(.+?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    const one = placed.find((some) => path.basename(some.folder) === folder && some.file === file)
    problems.push(one ? `${one.example.document}:${Number(row) + one.shift}: ${rest}` : line)
  }
  if (tsc.status !== 0 && problems.length === 0)
    problems.push(`the compiler ended with ${tsc.status ?? tsc.signal}`)
}

/** @param {string} node @param {Placed} one */
async function runExample(node, one) {
  const where = `${one.example.document}:${one.example.line}`
  const file = path.join(one.folder, compiled(one.file))
  const child = spawn(node, [file], {
    cwd: one.folder,
    env: { ...process.env, ...leftovers.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => (output += chunk))
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const [status, signal] = await new Promise((resolve) => {
    child.once('error', (error) => resolve([error.message, null]))
    child.once('exit', (...end) => setTimeout(() => resolve(end), 50))
  })
  clearTimeout(limit)
  if (status === one.exits) return
  const how =
    signal === 'SIGKILL' ? `did not end within ${limitMs} ms` : `ended with ${status ?? signal}`
  const said = output
    .trim()
    .split('\n')
    .slice(-12)
    .map((line) => `\n    ${line}`)
    .join('')
  problems.push(`${where}: ${how} on ${node}${said}`)
}
