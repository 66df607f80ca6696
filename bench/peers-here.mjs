// The packages that this folder compares with: what bench/package.json pins, installed into bench/node_modules when it is missing.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @param {string} file @returns {{ version: string, dependencies?: Record<string, string> } | undefined} */
function manifest(file) {
  const url = new URL(file, import.meta.url)
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')) : undefined
}

const pinned = manifest('package.json')?.dependencies ?? {}

/** Installs what is not there as pinned. */
export function installPeersHere() {
  const installed = versionsHere()
  if (Object.entries(pinned).every(([name, version]) => installed[name] === version)) return
  console.error('installing the peers into bench/node_modules')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 2, 2],
  })
}

/** Of tidypool and every peer, as installed. @returns {Record<string, string>} */
export function versionsHere() {
  const names = ['tidypool', ...Object.keys(pinned)]
  const found = names.map((name) => {
    const file = name === 'tidypool' ? '../package.json' : `node_modules/${name}/package.json`
    return /** @type {const} */ ([name, manifest(file)?.version ?? 'not installed'])
  })
  return Object.fromEntries(found)
}
