/**
 * Arguments that all calls of a map are given, as copies for one of them. Each call gets copies in any case, since it is cloned; but
 * two that have an object in common travel in messages of their own (`worker/apart.ts`), and then a map of a million calls is a
 * million messages.
 */
import { Apart } from '../worker/apart.ts'

/** Objects that are copied here; what has more is cloned with its call alone. */
const MOST = 64

/** @returns the arguments themselves where they are more than a little plain data, or have something in common with the input. */
export function ownCopies(input: unknown, args: readonly unknown[]): readonly unknown[] {
  if (!args.some(isObject)) return args
  if (isObject(input)) {
    const apart = new Apart()
    if (!apart.add([input]) || !apart.add(args)) return args
  }
  const seen = new Set<object>()
  try {
    return args.map((arg) => copyOf(arg, seen))
  } catch {
    return args // cloning it says why, if it cannot be read
  }
}

class NotPlain extends Error {}

function copyOf(value: unknown, seen: Set<object>): unknown {
  if (!isObject(value)) return value
  // What is there twice, or in itself, has to be one object in the copy too.
  if (seen.has(value) || seen.size === MOST || !isPlain(value)) throw new NotPlain()
  seen.add(value)
  if (Array.isArray(value)) return value.map((item: unknown) => copyOf(item, seen))
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = copyOf(item, seen)
  return copy
}

function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) {
    // With holes, or names beside its numbers, it is more than its items.
    const keys = Object.keys(value)
    return keys.length === value.length && keys.every((key, index) => key === String(index))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    (prototype === Object.prototype || prototype === null) && !Object.hasOwn(value, '__proto__')
  )
}
