/**
 * Large binary data between a thread and its owner: copied once, by the sender, and the copy handed over. Structured clone would
 * copy them into a message, and on arrival out of it again, in the time of the thread that receives.
 *
 * Only where nobody can tell the difference: everything beside the binary values is so simple that it cannot share memory or
 * identity with them. All else is left to structured clone.
 */
import type { FromWorker, ToWorker } from '../protocol.ts'
import { classOf, viewOf, type Binary } from './binary.ts'
import { holdsLarge } from './find.ts'
import { LARGE_BYTES } from './layout.ts'

/** Lists within lists: that of all arguments or results, one of them, and two more. */
const MAX_DEPTH = 4
/** Longer lists are no lists of buffers. */
const MAX_ENTRIES = 4096

export interface Copied<Message> {
  readonly message: Message
  readonly transfer: readonly ArrayBuffer[]
}

/** @returns undefined when the message is to be sent as it is. */
export function copyOnce<Message extends ToWorker | FromWorker>(
  message: Message,
): Copied<Message> | undefined {
  if (!holdsLarge(message)) return undefined
  const copier = new Copier()
  try {
    const copy = copier.message(message)
    const transfer = [...copier.copies.values()]
    return transfer.length > 0 ? { message: copy, transfer } : undefined
  } catch {
    return undefined // not simple, or no memory: structured clone says what is wrong, if something is
  }
}

class NotSimpleError extends Error {}

class Copier {
  /** By the memory that they are a copy of: two views of one have one copy in common. */
  readonly copies: Map<ArrayBuffer, ArrayBuffer> = new Map()
  readonly #lists = new Set<readonly unknown[]>()

  message<Message extends ToWorker | FromWorker>(message: Message): Message {
    if (message.type === 'run') return { ...message, calls: this.#list(message.calls, MAX_DEPTH) }
    if (message.type === 'results')
      return { ...message, results: this.#list(message.results, MAX_DEPTH) }
    if (message.type === 'progress')
      return { ...message, value: this.#value(message.value, MAX_DEPTH) }
    return message
  }

  #list<T>(list: readonly T[], depth: number): T[] {
    // Twice in a message, or within itself, it must be one list on arrival.
    if (this.#lists.has(list) || list.length > MAX_ENTRIES || depth === 0)
      throw new NotSimpleError()
    this.#lists.add(list)
    // What is put on a list besides its elements arrives as well.
    if (Object.keys(list).length !== list.length) throw new NotSimpleError()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of each value, one of its kind
    return list.map((value) => this.#value(value, depth - 1) as T)
  }

  #value(value: unknown, depth: number): unknown {
    if (isPrimitive(value)) return value
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#binary(value)
    if (Array.isArray(value)) return this.#list(value as readonly unknown[], depth)
    if (!isFlat(value)) throw new NotSimpleError()
    return value
  }

  #binary(value: Binary): Binary {
    const memory = ArrayBuffer.isView(value) ? value.buffer : value
    if (!(memory instanceof ArrayBuffer)) return value // shared: it passes
    if (memory.byteLength < LARGE_BYTES) return value
    // It may change its length, which a copy would not.
    if ('resizable' in memory && memory.resizable === true) throw new NotSimpleError()
    let copy = this.copies.get(memory)
    if (!copy) {
      copy = memory.slice(0)
      this.copies.set(memory, copy)
    }
    return ArrayBuffer.isView(value) ? this.#view(value, copy) : copy
  }

  /** The same object for the same view. */
  readonly #views = new Map<ArrayBufferView, ArrayBufferView>()

  #view(view: ArrayBufferView, memory: ArrayBuffer): ArrayBufferView {
    const known = this.#views.get(view)
    if (known) return known
    const number = classOf(view)
    if (number === -1) throw new NotSimpleError()
    const copy = viewOf(number, memory, view.byteOffset, view.byteLength)
    this.#views.set(view, copy)
    return copy
  }
}

function isPrimitive(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    typeof value === 'number' ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint'
  )
}

/** A plain object of nothing but primitive values. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    (property) => 'value' in property && isPrimitive(property.value),
  )
}
