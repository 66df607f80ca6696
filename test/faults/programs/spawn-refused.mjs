// Starting workers fails: `spawn-refused.mjs KIND HOW FOLDER`. Says the outcomes while it fails, and afterwards.
import { execFileSync } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, openSync, unlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { audit } from 'tidypool'
import { args, backAt, executor, held, outcomeOf, say, until } from './scenario.mjs'

const [how = '', folder = '', when = 'before'] = args
say('started')
process.stderr.write('')
await delay(0)

/** Takes every descriptor but `spare`. @param {number} spare @returns {() => void} gives them back */
function takeDescriptors(spare) {
  /** @type {number[]} */
  const taken = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    for (const fd of taken.splice(0, spare)) closeSync(fd)
  }
  return () => {
    for (const fd of taken) closeSync(fd)
  }
}

/** Somebody outside does it: where no process can be had, no prlimit can be run. @param {string} what */
async function askForLimit(what) {
  say(what, process.pid)
  await until(() => existsSync(path.join(folder, what)), what)
}

const node = process.execPath
const other = path.join(folder, 'node')

/** @type {Record<string, () => (() => unknown) | Promise<() => unknown>>} */
const faults = {
  // Enough of them for some steps of a start and not for all.
  ...Object.fromEntries(
    Array.from({ length: 24 }, (_, spare) => [`EMFILE ${spare}`, () => takeDescriptors(spare)]),
  ),
  EAGAIN: async () => {
    await askForLimit('limited')
    return () => askForLimit('unlimited')
  },
  // The kernel starts nobody in a process namespace whose first process has ended, and says that there is no memory.
  ENOMEM: async () => {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    // Nor threads: those that Node needs must be there.
    await readFile('/proc/self/stat')
    const own = openSync('/proc/self/ns/pid', 'r')
    const inNamespace = 0x20000000
    if (libc.func('int unshare(int)')(inNamespace) !== 0) throw new Error('unshare was refused')
    execFileSync('true')
    return () => {
      if (libc.func('int setns(int, int)')(own, inNamespace) !== 0)
        throw new Error('setns was refused')
      closeSync(own)
    }
  },
  ENOENT: () => {
    process.execPath = other
    return () => {
      process.execPath = node
    }
  },
  ETXTBSY: () => {
    copyFileSync('/bin/true', other)
    const writing = openSync(other, 'r+')
    process.execPath = other
    return () => {
      closeSync(writing)
      unlinkSync(other)
      process.execPath = node
    }
  },
  E2BIG: () => {
    process.env['MUCH'] = 'x'.repeat(200_000)
    return () => {
      delete process.env['MUCH']
    }
  },
}

const before = held()
const pool = executor({ maxWorkers: 2 })
// Something runs already, and is not to suffer.
if (when !== 'before') {
  await Promise.all([pool.submit('spinMs', 50), pool.submit('spinMs', 50)])
}
const undo = await faults[how]?.()
if (!undo) throw new Error(`no such way: ${how}`)
const startedAt = performance.now()
/** @type {import('./scenario.mjs').Outcome[]} */
let outcomes
if (when === 'while running') {
  // The workers die, so that everything that looks after that has no descriptor either.
  const dying = [pool.submit('killSelf', 'SIGKILL'), pool.submit('killSelf', 'SIGKILL')]
  outcomes = await Promise.all(dying.map(outcomeOf))
} else if (when === 'while stuck') {
  const limited = pool.with({ timeoutMs: 200 })
  outcomes = await Promise.all([limited, limited].map((to) => outcomeOf(to.submit('spinMs', 1e9))))
} else {
  outcomes = await Promise.all([1, 2, 3].map((n) => outcomeOf(pool.submit('echo', n))))
}
const tookMs = performance.now() - startedAt
await undo()
const next = await outcomeOf(pool.submit('echo', 'next'))
const report = await pool.shutdown()
await backAt(before)
const { levels } = audit()
say('ready', { outcomes, next, report, tookMs, levels })
