/** Which values are binary, and of what class a copy of theirs is: the same as by the pipe. */

export type Binary = ArrayBuffer | ArrayBufferView

type ViewClass = (buffer: ArrayBuffer, offset: number, bytes: number) => ArrayBufferView

/** By the tag of `Object.prototype.toString`: instances of subclasses arrive as what they extend. */
const CLASSES: readonly (readonly [tag: string, make: ViewClass])[] = [
  ['Buffer', (buffer, at, bytes) => Buffer.from(buffer, at, bytes)],
  ['Uint8Array', (buffer, at, bytes) => new Uint8Array(buffer, at, bytes)],
  ['Int8Array', (buffer, at, bytes) => new Int8Array(buffer, at, bytes)],
  ['Uint8ClampedArray', (buffer, at, bytes) => new Uint8ClampedArray(buffer, at, bytes)],
  ['Int16Array', (buffer, at, bytes) => new Int16Array(buffer, at, bytes / 2)],
  ['Uint16Array', (buffer, at, bytes) => new Uint16Array(buffer, at, bytes / 2)],
  ['Int32Array', (buffer, at, bytes) => new Int32Array(buffer, at, bytes / 4)],
  ['Uint32Array', (buffer, at, bytes) => new Uint32Array(buffer, at, bytes / 4)],
  ['Float32Array', (buffer, at, bytes) => new Float32Array(buffer, at, bytes / 4)],
  ['Float64Array', (buffer, at, bytes) => new Float64Array(buffer, at, bytes / 8)],
  ['BigInt64Array', (buffer, at, bytes) => new BigInt64Array(buffer, at, bytes / 8)],
  ['BigUint64Array', (buffer, at, bytes) => new BigUint64Array(buffer, at, bytes / 8)],
  ['DataView', (buffer, at, bytes) => new DataView(buffer, at, bytes)],
]
const tags = CLASSES.map(([tag]) => tag)

/** @returns the number of its class; -1 for one that only the pipe knows. */
export function classOf(view: ArrayBufferView): number {
  if (view.constructor === Buffer) return 0
  return tags.indexOf(Object.prototype.toString.call(view).slice('[object '.length, -1))
}

/** A view of that class on a part of the buffer. */
export function viewOf(
  number: number,
  buffer: ArrayBuffer,
  offset: number = 0,
  bytes: number = buffer.byteLength,
): ArrayBufferView {
  const make = CLASSES[number]?.[1]
  if (!make) throw new TypeError(`no class of views has the number ${number}`)
  return make(buffer, offset, bytes)
}

/** Memory of its own that nothing but the bytes that follow was ever in: to be filled whole before anybody sees it. */
export function unfilled(bytes: number): ArrayBuffer {
  const { buffer } = Buffer.allocUnsafeSlow(bytes)
  return buffer instanceof ArrayBuffer ? buffer : new ArrayBuffer(bytes)
}
