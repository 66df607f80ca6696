// The pools that benchmarks compare with: installed by name into .cache/peers, when they are first needed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const peers = join(root, '.cache', 'peers')

/** @param {readonly string[]} names of packages, `name@version` where the version matters */
export function installPeers(names) {
  mkdirSync(peers, { recursive: true })
  if (!existsSync(join(peers, 'package.json')))
    writeFileSync(join(peers, 'package.json'), '{"private":true}')
  const missing = names.filter((wanted) => {
    const [name = '', version] = wanted.split('@')
    if (!existsSync(join(peers, 'node_modules', name))) return true
    return version !== undefined && versionOf(name) !== version
  })
  if (missing.length === 0) return
  console.error(`installing ${missing.join(', ')} into .cache/peers`)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', ...quiet, ...missing], { cwd: peers, stdio: 'inherit' })
}

/**
 * Versions as installed, to be printed with the table.
 *
 * @param {string} name
 */
export function versionOf(name) {
  const folder = name === 'tidypool' ? root : join(peers, 'node_modules', name)
  return existsSync(join(folder, 'package.json'))
    ? JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
    : process.version
}
