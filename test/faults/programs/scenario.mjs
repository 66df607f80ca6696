// What the programs of the worker rows have in common: an executor of the kind that the first argument names, outcomes as
// plain data, and a look at what this process holds.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { InlineExecutor, ProcessExecutor, ThreadExecutor } from 'tidypool'

/** @typedef {typeof import('./fault-tasks.mjs')} Tasks */
/** @typedef {import('tidypool').ProcessExecutorOptions & import('tidypool').ThreadExecutorOptions} Options */
/**
 * @typedef {object} Outcome
 * @property {'fulfilled' | 'rejected'} status
 * @property {unknown} [value]
 * @property {string} [code]
 * @property {string} [message]
 * @property {boolean} [ran]
 * @property {number | null} [exitCode]
 * @property {string | null} [signal]
 * @property {number} [pid]
 * @property {string} [what]
 * @property {number} [attempts]
 */

export const [kind = 'process', ...args] = process.argv.slice(2)
export const tasks = new URL('fault-tasks.mjs', import.meta.url)

/** @param {Options} [options] @returns {import('tidypool').Executor<Tasks>} */
export function executor({ execArgv, onEscape, resourceLimits, env, ...common } = {}) {
  if (kind === 'inline') return new InlineExecutor(tasks, { ...common, maxWorkers: 1 })
  if (kind === 'thread') return new ThreadExecutor(tasks, { ...common, env, resourceLimits })
  return new ProcessExecutor(tasks, { ...common, env, execArgv, onEscape })
}

/** @param {PromiseLike<unknown>} future @returns {Promise<Outcome>} */
export async function outcomeOf(future) {
  try {
    return { status: 'fulfilled', value: await future }
  } catch (error) {
    if (!(error instanceof Error)) return { status: 'rejected', value: error }
    const { message } = error
    // Own fields cross to the test as they are; what cannot be JSON is no part of the promise.
    return {
      ...JSON.parse(JSON.stringify(Object.assign({}, error, { message }))),
      status: 'rejected',
    }
  }
}

/** @param {string} word @param {unknown} [value] */
export function say(word, value) {
  console.log(value === undefined ? word : `${word} ${JSON.stringify(value)}`)
}

/** Polls until the condition holds. @template T @param {() => T} condition @param {string} what @param {number} [limitMs] */
export async function until(condition, what, limitMs = 10_000) {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}`)
    await delay(5)
  }
}

/** The lines of a file that tasks write to, without those of an unfinished write. @param {string} file */
export function linesOf(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return [] // nobody has written yet
  }
}

/** H: descriptors, handles, timers, listeners and children of this process. */
export function held() {
  const descriptors = readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`)
        // The one that lists the others is gone, or names the folder itself. And libuv leaves an epoll behind for each loop that it could not make for want of descriptors (spawnSync, threads).
        return target.startsWith('/proc/') || target === 'anon_inode:[eventpoll]'
          ? []
          : [target.replace(/\[\d+\]$/, '')]
      } catch {
        return [] // it was closed meanwhile
      }
    })
    .toSorted()
  const listeners = process
    .eventNames()
    .map((name) => `${String(name)} ${process.listenerCount(name)}`)
    .toSorted()
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim()
  const handles = process
    .getActiveResourcesInfo()
    // Whoever polls has a timer; what is written to a pipe is on its way.
    .filter((name) => name !== 'Timeout' && name !== 'PipeWrap' && !/WriteWrap|FSReq/.test(name))
    .toSorted()
  return { descriptors, listeners, children, handles }
}

/** Waits until this process holds what it held before. @param {ReturnType<typeof held>} before */
export async function backAt(before) {
  const wanted = JSON.stringify(before)
  const deadline = performance.now() + 2000
  while (JSON.stringify(held()) !== wanted) {
    if (performance.now() > deadline) {
      throw new Error(`H: before ${wanted}\nnow ${JSON.stringify(held())}`)
    }
    await delay(10)
  }
}
