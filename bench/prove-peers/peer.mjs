import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const workModule = fileURLToPath(new URL('./work.cjs', import.meta.url))

/**
 * Loads a package from the folder that the benchmark installed it into.
 *
 * @param {string} name
 */
export function peer(name) {
  const peers = process.env.PEERS ?? ''
  return import(pathToFileURL(createRequire(join(peers, 'package.json')).resolve(name)).href)
}

/**
 * A call for each of the two workers.
 *
 * @param {() => PromiseLike<unknown>} call
 */
export function all(call) {
  return Promise.all(Array.from({ length: 2 }, call))
}
