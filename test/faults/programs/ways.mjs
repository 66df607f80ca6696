// Ways to end, or not to listen. Also a program: `ways.mjs WAY [ARGUMENT]` does it in plain Node, to compare with.
import { execSync } from 'node:child_process'

/** Nothing changes it: whoever waits for that waits for ever. */
const never = new Int32Array(new SharedArrayBuffer(4))

/** @type {Record<string, (argument: string) => void>} */
export const ways = {
  /** Stays until somebody ends it. */
  wait: () => void setInterval(() => {}, 1_000_000),

  // Ways that a program chooses.
  exit: (code) => process.exit(Number(code)),
  // Undocumented, and what `process.exit` calls at its end; some packages call it to skip the hooks.
  reallyExit: (code) => Reflect.get(process, 'reallyExit').call(process, Number(code)),

  // Not listening.
  loop: () => {
    for (;;);
  },
  atomics: () => void Atomics.wait(never, 0, 0),
  // Its environment is cleared, since it is no process of ours and stays for a moment.
  execSync: () => void execSync('exec env -i sleep 4'),

  // Crashes.
  abort: () => process.abort(),
  signal: (signal) => void process.kill(process.pid, signal),
  stackOverflow: () => overflow(0),
  heap: () => {
    /** @type {unknown[]} */
    const all = []
    for (;;) all.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
  },
  throw: () => {
    throw new Error('nobody catches this')
  },
  reject: () => void Promise.reject(new Error('nobody awaits this')),
}

/** With `--stack-size` beyond what the system gives, it ends in a fault and not in a RangeError. @param {number} depth @returns {number} */
function overflow(depth) {
  return overflow(depth + 1) + 1
}

if (process.argv[1] === import.meta.filename) {
  const [way = '', argument = ''] = process.argv.slice(2)
  console.log('ready')
  setImmediate(() => ways[way]?.(argument))
}
