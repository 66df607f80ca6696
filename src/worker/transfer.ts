/** Objects that leave with a result instead of being copied. */
import type { Transferable } from './worker.ts'

const KEY = Symbol.for('tidypool.v1.transfer')

function registry(): { [KEY]?: WeakMap<object, readonly Transferable[]> } {
  return globalThis as { [KEY]?: WeakMap<object, readonly Transferable[]> }
}

/**
 * Marks a result whose buffers are handed over to the caller instead of copied. The task must not use them afterwards. On
 * threads that takes microseconds, however large they are; a process copies, and an inline task returns what it has.
 *
 * @param value    What the task returns.
 * @param objects  ArrayBuffers and MessagePorts in it. Each is handed over once: a second result with it fails.
 * @returns the value itself.
 * @example
 * import { transfer } from 'tidypool'
 *
 * export function pixels(width: number, height: number): Uint8Array {
 *   const bytes = new Uint8Array(width * height * 4)
 *   return transfer(bytes, [bytes.buffer])
 * }
 * @see the transfer list of `postMessage`.
 */
export function transfer<T extends object>(value: T, objects: readonly Transferable[]): T {
  ;(registry()[KEY] ??= new WeakMap()).set(value, objects)
  return value
}

/** What was marked for a result; nothing for most. */
export function transfersOf(value: unknown): readonly Transferable[] | undefined {
  const marked = registry()[KEY]
  return marked && typeof value === 'object' && value !== null ? marked.get(value) : undefined
}

/**
 * Node 20 sends a detached buffer without an error, and it does not arrive.
 * @throws {TypeError} when the buffer was handed over before.
 */
export function checkAttached(item: Transferable): void {
  if (item instanceof ArrayBuffer) void new Uint8Array(item)
}
