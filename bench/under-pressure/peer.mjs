import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Loads a package from the folder that the benchmark installed it into.
 *
 * @param {string} name
 */
export function peer(name) {
  const peers = process.env.PEERS ?? ''
  return import(pathToFileURL(createRequire(join(peers, 'package.json')).resolve(name)).href)
}
