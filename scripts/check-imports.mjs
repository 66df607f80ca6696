// Imports in src/ point downwards and never in a circle; what `import 'tidypool'` loads is known.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { builtinModules } from 'node:module'
import { filesBelow, root } from './project.mjs'

/** From the top down; the parts of one line do not know each other. Nothing imports the first line. */
const order = [
  ['index.ts', 'register.ts', 'queue.ts', 'testing.ts'],
  ['cli'],
  ['prover'],
  ['batch', 'doctor', 'dashboard', 'testing'],
  ['supervisor'],
  ['distributed'],
  ['executor'],
  ['worker'],
  ['semaphore'],
  ['lifetime'],
  ['os'],
  ['errors.ts'],
]
/** Packages that the library itself may load; all others are the command line's. */
const libraryPackages = new Set(['valibot', 'p-retry'])
/** What the command `exec` loads besides, when it starts: it stands before other commands, and each file costs. */
const execParts = new Set(['cli', 'supervisor', 'lifetime', 'os', 'errors.ts'])
const execFiles = new Set(['batch/duration.ts', 'executor/pause-clock.ts', 'worker/marks.ts'])

const files = filesBelow('src').filter((file) => file.endsWith('.ts'))
/** @type {string[]} */
const problems = []
/**
 * What is loaded with a file. Types are not, so a circle of types is none; direction counts for them too.
 * @type {Map<string, string[]>}
 */
const loads = new Map()
/** @type {Map<string, string[]>} */
const packages = new Map()

for (const file of files) {
  const specifiers = specifiersOf(readFileSync(path.join(root, 'src', file), 'utf8'))
  const loaded = specifiers.filter(({ isLoaded }) => isLoaded)
  loads.set(file, targetsOf(file, loaded))
  packages.set(
    file,
    loaded
      .filter(({ name }) => !name.startsWith('.') && !isBuiltin(name))
      .map(({ name }) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')),
  )
  if (levelOf(file) === -1)
    problems.push(
      `src/${file}: ${partOf(file)} has no place in the order (scripts/check-imports.mjs)`,
    )
  for (const target of targetsOf(file, specifiers)) checkDirection(file, target)
}
for (const circle of circles())
  problems.push(`circle: ${circle.map((file) => `src/${file}`).join(' -> ')}`)
for (const entry of ['index.ts', 'register.ts', 'testing.ts'])
  checkPackages(entry, libraryPackages, "the command line's")
checkPackages('cli/main.ts', new Set(['commander']), "a command's")
checkPackages('cli/exec-command.ts', new Set(['parse-duration']), 'not needed there')
for (const file of reachedFrom('cli/exec-command.ts')) {
  if (!execParts.has(partOf(file)) && !execFiles.has(file))
    problems.push(`src/cli/exec-command.ts loads src/${file}: load it where it is used`)
}

if (files.length === 0) problems.push('there is nothing in src/')
for (const problem of problems) console.error(`imports: ${problem}`)
if (problems.length === 0) console.log(`imports: ${files.length} files point downwards, no circle`)
process.exitCode = problems.length > 0 ? 1 : 0

/**
 * What a file imports, types included. The code is formatted, so a static import begins its line; comments
 * begin theirs with a star or two slashes.
 * @param {string} source
 */
function specifiersOf(source) {
  const code = source.replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
  const statics = code.matchAll(/^(?:import|export)\s(?:[^'"`]*?\sfrom\s+)?'([^']+)'/gm)
  const dynamic = code.matchAll(/\bimport\(\s*'([^']+)'/g)
  const typeOnly = /^(?:import|export)\s+type\s/
  return [
    ...[...statics].map(([text, name = '']) => ({ name, isLoaded: !typeOnly.test(text) })),
    ...[...dynamic].map(([, name = '']) => ({ name, isLoaded: false })),
  ]
}

/**
 * The files of src/ among what a file imports.
 * @param {string} file
 * @param {readonly { name: string }[]} specifiers
 */
function targetsOf(file, specifiers) {
  const names = specifiers.map(({ name }) => name).filter((name) => name.startsWith('.'))
  return [
    ...new Set(names.map((name) => path.join(path.dirname(file), name).replace(/\.js$/, '.ts'))),
  ]
}

/** @param {string} file */
function partOf(file) {
  return file.split(path.sep)[0] ?? file
}

/** @param {string} file */
function levelOf(file) {
  return order.findIndex((parts) => parts.includes(partOf(file)))
}

/** @param {string} file @param {string} target */
function checkDirection(file, target) {
  if (!files.includes(target)) {
    problems.push(
      `src/${file} imports ${target.startsWith('..') ? target : `src/${target}`}, which is not there`,
    )
  } else if (partOf(file) !== partOf(target) && levelOf(target) <= levelOf(file)) {
    const why = levelOf(target) === levelOf(file) ? 'stands beside it' : 'stands above it'
    problems.push(`src/${file} imports src/${target}: ${partOf(target)} ${why}`)
  }
}

/** Every circle once: each is found from the place where a walk meets its own path. */
function circles() {
  /** @type {string[][]} */
  const found = []
  /** @type {Set<string>} */
  const done = new Set()
  /** @param {string} file @param {readonly string[]} way */
  const walk = (file, way) => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file])
    if (way.includes(file) || done.has(file)) return
    for (const target of loads.get(file) ?? []) walk(target, [...way, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  return found
}

/** @param {string} entry @param {ReadonlySet<string>} allowed @param {string} whose */
function checkPackages(entry, allowed, whose) {
  for (const file of reachedFrom(entry)) {
    for (const name of packages.get(file) ?? []) {
      if (!allowed.has(name))
        problems.push(`src/${entry} loads ${name} through src/${file}: that is ${whose}`)
    }
  }
}

/** All that is loaded with a file, and itself. @param {string} entry */
function reachedFrom(entry) {
  const reached = new Set(files.includes(entry) ? [entry] : [])
  for (const file of reached) for (const target of loads.get(file) ?? []) reached.add(target)
  return reached
}

/** @param {string} name */
function isBuiltin(name) {
  return name.startsWith('node:') || builtinModules.includes(name)
}
