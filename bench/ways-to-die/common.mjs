// What the programs share: find a peer, know when both workers are busy, and end in the way asked for.
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const { BUSY_DIR: folder = '', PEERS: peers = '' } = process.env
export const busyModule = fileURLToPath(new URL('./busy.cjs', import.meta.url))

/**
 * Loads a package from the folder that the benchmark installed it into.
 *
 * @param {string} name
 */
export function peer(name) {
  return import(pathToFileURL(createRequire(join(peers, 'package.json')).resolve(name)).href)
}

/** Waits until two workers loop, then ends as HOW says; with `wait` a signal comes from outside. */
export function endWhenBusy() {
  const timer = setInterval(() => {
    if (readdirSync(folder).filter((name) => name.startsWith('busy-')).length < 2) return
    clearInterval(timer)
    const how = process.env.HOW
    if (how === 'exit') process.exit(0)
    if (how === 'uncaught') throw new Error('uncaught')
    if (how === 'heap') fillHeap()
    setInterval(() => {}, 1000)
  }, 20)
}

function fillHeap() {
  /** @type {number[][]} */
  const kept = []
  for (;;) kept.push(Array.from({ length: 1000 }, Math.random))
}
