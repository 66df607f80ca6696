/**
 * Whether a message has large binary values in it. This is asked of every message, so it looks only where they mostly are: at
 * arguments and results, and a little way into plain arrays and objects. What lies deeper goes through the pipe.
 */
import type { FromWorker, ToWorker } from '../protocol.ts'
import type { Binary } from './binary.ts'
import { LARGE_BYTES } from './layout.ts'

/**
 * How many arrays and objects deep below the list of arguments or results: for `{ image: { data } }` as an argument, and the fields of
 * an encoded error.
 */
const MAX_DEPTH = 4
/** How many entries of each. */
const MAX_ENTRIES = 32

/** @returns true to look no further. */
type Visit = (value: Binary) => boolean

export function holdsLarge(message: ToWorker | FromWorker): boolean {
  try {
    return lookThrough(message, isLarge)
  } catch {
    return false // a getter that throws, a detached view: the pipe says so in its own words
  }
}

/**
 * The large buffers that stand by themselves in a message. (Views tell the serializer of themselves, at any depth; buffers must
 * be named to it before.)
 */
export function largeBuffers(message: ToWorker | FromWorker): readonly ArrayBuffer[] {
  const found = new Set<ArrayBuffer>()
  lookThrough(message, (value) => {
    if (value instanceof ArrayBuffer && isLarge(value) && !isResizable(value)) found.add(value)
    return false
  })
  return [...found]
}

function lookThrough(message: ToWorker | FromWorker, visit: Visit): boolean {
  if (message.type === 'run') return lookAtEach(message.calls, visit)
  if (message.type === 'results') return lookAtEach(message.results, visit)
  if (message.type === 'progress') return lookInto(message.value, MAX_DEPTH, visit)
  return false
}

function lookAtEach(values: readonly unknown[], visit: Visit): boolean {
  for (const value of values) if (lookInto(value, MAX_DEPTH, visit)) return true
  return false
}

function lookInto(value: unknown, depth: number, visit: Visit): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return visit(value)
  if (depth === 0) return false
  if (Array.isArray(value)) {
    const length = Math.min(value.length, MAX_ENTRIES)
    for (let index = 0; index < length; index++)
      if (lookInto(value[index], depth - 1, visit)) return true
    return false
  }
  let left = MAX_ENTRIES
  // The fastest way: no list of keys is made. What an object inherits is not cloned, and looking at it does no harm.
  for (const key in value) {
    if (lookInto((value as Readonly<Record<string, unknown>>)[key], depth - 1, visit)) return true
    left -= 1
    if (left === 0) break
  }
  return false
}

function isLarge(value: Binary): boolean {
  return value.byteLength >= LARGE_BYTES
}

/** It would lose that on its way. */
function isResizable(buffer: ArrayBuffer): boolean {
  return 'resizable' in buffer && buffer.resizable === true
}
