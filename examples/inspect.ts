// Parses a JavaScript file and reports its size, its functions and its syntax error, if it has one.
//
//   npx tidypool run examples/inspect.ts 'node_modules/**/*.js'
//
// A task is a plain function that a module exports. Nothing in here knows about tidypool, and a test can call
// the function as it is. Each input of a run is one call.
//
// What is wrong with the file is a result (`syntaxError`): finding that out is what the run is for. What keeps
// us from looking at it (no such file, no permission) is thrown, and the run counts it as a failure.

import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { type AnyNode, type Node, type Options, type Program, parse } from 'acorn'

export interface Inspection {
  bytes: number
  lines: number
  /** How many functions, methods and arrow functions there are; 0 when the file does not parse. */
  functions: number
  longestFunction: FoundFunction | undefined
  syntaxError?: FoundSyntaxError
}

export interface FoundFunction {
  name: string
  line: number
  lines: number
}

/** Line and column count from 1, as in editors. For JSON the message has to do: JSON.parse gives no more. */
export interface FoundSyntaxError {
  message: string
  line?: number
  column?: number
}

/** Not async: parsing keeps the worker busy, and it has nothing else to do while the file is read. */
export default function inspect(file: string): Inspection {
  const content = readFileSync(file)
  const text = content.toString('utf8').replace(/^\uFEFF/, '')
  const size = { bytes: content.length, lines: countLines(text) }
  try {
    return { ...size, ...measure(text, extname(file)) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { ...size, functions: 0, longestFunction: undefined, syntaxError: describe(error) }
  }
}

type Functions = Pick<Inspection, 'functions' | 'longestFunction'>

function measure(text: string, extension: string): Functions {
  if (extension === '.json') {
    JSON.parse(text)
    return { functions: 0, longestFunction: undefined }
  }
  return measureFunctions(parseFile(text, extension), text)
}

function countLines(text: string): number {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.length - 1 : lines.length
}

// --- Parsing

type Grammar = (text: string) => Program

const common = { ecmaVersion: 'latest', locations: true, allowHashBang: true } satisfies Options

const asModule: Grammar = (text) => parse(text, { ...common, sourceType: 'module' })
const asCommonJs: Grammar = (text) => parse(text, { ...common, sourceType: 'commonjs' })

const grammarsByExtension: Record<string, readonly Grammar[]> = {
  '.mjs': [asModule],
  '.cjs': [asCommonJs],
}

/** Only its package.json or its web page knows what a `.js` file is: the first grammar that parses it wins. */
function parseFile(text: string, extension: string): Program {
  const errors: AcornError[] = []
  for (const grammar of grammarsByExtension[extension] ?? [asModule, asCommonJs]) {
    try {
      return grammar(text)
    } catch (error) {
      if (!isAcornError(error)) throw error
      errors.push(error)
    }
  }
  // The grammar that got furthest is the one that the author meant; its error is the one to show.
  throw errors.reduce((furthest, error) => (error.pos > furthest.pos ? error : furthest))
}

type AcornError = SyntaxError & { pos: number; loc: { line: number; column: number } }

function isAcornError(error: unknown): error is AcornError {
  return error instanceof SyntaxError && 'pos' in error && 'loc' in error
}

function describe(error: SyntaxError): FoundSyntaxError {
  if (!isAcornError(error)) return { message: error.message }
  const message = error.message.replace(/ \(\d+:\d+\)$/, '')
  return { message, line: error.loc.line, column: error.loc.column + 1 }
}

// --- Measuring

function measureFunctions(tree: Program, text: string): Functions {
  let functions = 0
  let longestFunction: FoundFunction | undefined
  for (const { node, parent } of walk(tree)) {
    if (!isFunction(node) || node.loc == null) continue
    functions += 1
    const lines = node.loc.end.line - node.loc.start.line + 1
    if (lines > (longestFunction?.lines ?? 0)) {
      longestFunction = { name: nameOf(node, parent, text), line: node.loc.start.line, lines }
    }
  }
  return { functions, longestFunction }
}

interface Place {
  node: AnyNode
  parent: AnyNode | undefined
}

/** Every node, in source order. A stack of its own, because bundles nest deeper than a recursive walk may go. */
function* walk(root: AnyNode): Generator<Place> {
  const pending: Place[] = [{ node: root, parent: undefined }]
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    yield place
    const parent = place.node
    const children = Object.values(parent).flat().filter(isNode)
    for (const node of children.toReversed()) pending.push({ node, parent })
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

type FunctionNode = Extract<AnyNode, { params: unknown }>

function isFunction(node: AnyNode): node is FunctionNode {
  return 'params' in node
}

/** The function's own name, or the source text of what it is assigned to. */
function nameOf(node: FunctionNode, parent: AnyNode | undefined, text: string): string {
  const named = ('id' in node ? node.id : undefined) ?? targetOf(parent)
  return named === undefined ? '(anonymous)' : text.slice(named.start, named.end)
}

function targetOf(assignment: AnyNode | undefined): Node | undefined {
  if (assignment?.type === 'VariableDeclarator') return assignment.id
  if (assignment?.type === 'AssignmentExpression') return assignment.left
  // A method, a field of a class, a property of an object.
  if (assignment !== undefined && 'key' in assignment) return assignment.key
  return undefined
}
