// Question: what does `tidypool prove` say of a program with each pool, of 20 lines, that does everything right?
//
//   node bench/prove-peers.mjs [--times N] [--only NAME] [--json FILE]
//
// Peers are installed by name into .cache/peers at first use. Each program has two workers do five seconds of work
// each, as somebody's busy workers do, and shuts its pool down. Linux only; python3 for the last one.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installPeers, peers, root, versionOf } from './peers.mjs'

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})

const PEERS = ['piscina', 'tinypool', 'workerpool', 'jest-worker']
installPeers(PEERS)
const programs = fileURLToPath(new URL('./prove-peers/', import.meta.url))
const cli = join(root, 'dist/cli/main.js')

const all = [
  ...['tidypool', ...PEERS].map((name) => ({
    name: `${name} ${versionOf(name)}`,
    words: [process.execPath, join(programs, `${name}.mjs`)],
  })),
  {
    name: `concurrent.futures, spawn (${spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout.trim()})`,
    words: ['python3', join(programs, 'concurrent_futures.py')],
  },
].filter(({ name }) => name.includes(values.only))

/** @type {{ name: string, proof: any }[]} */
const found = []
for (const { name, words } of all) {
  console.error(name)
  const { stdout } = spawnSync(
    process.execPath,
    [cli, 'prove', '--json', '--times', values.times, '--', ...words],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PEERS: peers },
    },
  )
  found.push({ name, proof: JSON.parse(stdout) })
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(found, undefined, 2))

/**
 * @typedef {{ runs: number, most: number }} Count
 * @typedef {{ way: string, mode: string, runs: number, late: number, left: Record<string, Count> }} Cell
 * @param {Cell | undefined} cell
 */
function text(cell) {
  if (!cell || cell.runs === 0) return cell?.late ? 'too late' : '–'
  const words = Object.entries(cell.left)
    .filter(([, { most }]) => most > 0)
    .map(([group, { most }]) => `${most} ${group}`)
  return words.join(', ') || '0'
}

const heads = found.flatMap(({ name }) => [name, 'under exec'])
console.log(
  `The most that one of ${values.times} runs left, each ended at another moment; ${new Date().toISOString().slice(0, 10)}, Node ${process.version}.\n`,
)
console.log(`| ended by | ${heads.join(' | ')} |\n|${' --- |'.repeat(heads.length + 1)}`)
for (const { id, label } of found[0]?.proof.ways ?? []) {
  const cells = found.flatMap(({ proof }) =>
    ['bare', 'exec'].map((mode) =>
      text(proof.table.find((/** @type {Cell} */ cell) => cell.way === id && cell.mode === mode)),
    ),
  )
  console.log(`| ${label} | ${cells.join(' | ')} |`)
}
