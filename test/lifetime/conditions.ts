/** Waiting for conditions of the operating system, and looking at processes from outside. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { entriesBelow } from '../helpers/entries-below.ts'
import { environmentOf, lookAtProcesses } from '../helpers/processes.ts'

/** Polls until the condition holds and returns what it gave; fails by naming what it waited for. */
export async function until<T>(
  condition: () => T | undefined | false | null,
  what: string,
  limitMs = 5000,
): Promise<T> {
  const startedAt = performance.now()
  for (;;) {
    const found = condition()
    if (found !== undefined && found !== false && found !== null) return found
    if (performance.now() - startedAt > limitMs) throw new Error(`waited ${limitMs} ms for ${what}`)
    await delay(5)
  }
}

/** Whether the process has ended; a zombie has. */
export function isGone(pid: number): boolean {
  const state = stateOf(pid)
  return state === undefined || state === 'Z' || state === 'X'
}

/** The state letter of the process, undefined when there is none of this number. */
export function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)?.[0]
}

/** Field 22 of `/proc/PID/stat`, read here by other code than the one under test. */
export function startOf(pid: number): string {
  const start = fieldsOf(pid)?.[19]
  if (start === undefined) throw new Error(`no process ${pid}`)
  return start
}

/** The number of its process group, undefined when there is no such process. */
export function groupOf(pid: number): number | undefined {
  const group = fieldsOf(pid)?.[2]
  return group === undefined ? undefined : Number(group)
}

function fieldsOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined // it is gone
  }
}

/** Numbers of the running processes that have the text in their environment. */
export function carriersOf(text: string): number[] {
  return lookAtProcesses((pid) =>
    environmentOf(pid).some((entry) => entry.includes(text)) ? pid : undefined,
  )
}

/** The names of files and folders below the folder, sorted. */
export function namesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted()
}

/** Ends what carries the text in its environment, and waits for it: the last resort of a test that failed half way. */
export async function endCarriers(text: string): Promise<void> {
  await until(() => {
    const left = carriersOf(text)
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it ended between our look and our signal
      }
    }
    return left.length === 0
  }, `the carriers of ${text} to be gone`)
}
