// What a Node.js of this machine needs for itself: limits are told in such units, so that they mean the same everywhere.
import { execFileSync } from 'node:child_process'

const script = `
const { readdirSync, promises } = require('node:fs')
promises.stat('/').then(() => {
  const [threads, descriptors] = ['task', 'fd'].map((name) => readdirSync('/proc/self/' + name).length)
  console.log(JSON.stringify({ threads, descriptors }))
})`
/** @type {{ threads: number, descriptors: number } | undefined} */
let measured

/** Threads (each counts as a process) and open descriptors of one that has done nothing but look at a file. */
export function ownNode() {
  measured ??= JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
  return /** @type {{ threads: number, descriptors: number }} */ (measured)
}
