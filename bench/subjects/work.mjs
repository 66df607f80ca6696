// Tasks that the questions on life cycle and schedule give to every contender, beside tasks.mjs: each takes one argument.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

/** One clock for all processes of the machine. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6

/** @param {number} ms */
function spin(ms) {
  const end = nowMs() + ms
  while (nowMs() < end);
}

/** Keeps the processor busy, and says who did. @param {number} ms */
export function whoAmI(ms) {
  spin(ms)
  return { pid: process.pid, threadId }
}

/** Never returns; a file in the folder says that it runs. @param {string} folder */
export function loop(folder) {
  writeFileSync(join(folder, `${process.pid}-${threadId}`), '')
  for (;;);
}

/** Keeps the processor busy, and says who did, from when to when. @param {number} ms */
export function span(ms) {
  const startMs = nowMs()
  spin(ms)
  return { worker: `${process.pid}/${threadId}`, startMs, endMs: nowMs() }
}

/** So many bytes that are no zeros. @param {number} size */
export function bytes(size) {
  return new Uint8Array(size).fill(1)
}

/** @param {unknown} value */
export function echo(value) {
  return value
}
