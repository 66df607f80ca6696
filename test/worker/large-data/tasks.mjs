/** @template T @param {T} value */
export function echo(value) {
  return value
}

/** @param {readonly unknown[]} values */
export function all(...values) {
  return values
}

/** What it was given, as the task sees it. @param {unknown} value */
export function describe(value) {
  if (value instanceof ArrayBuffer) return { tag: 'ArrayBuffer', bytes: value.byteLength }
  if (!ArrayBuffer.isView(value)) return { tag: typeof value }
  return {
    tag: value.constructor.name,
    bytes: value.byteLength,
    offset: value.byteOffset,
    around: value.buffer.byteLength,
  }
}

/** Whether two arguments are one object, and two views share memory. @param {Uint8Array} a @param {Uint8Array} b */
export function compare(a, b) {
  return { isSame: a === b, isShared: a.buffer === b.buffer }
}

/** @param {number} length @param {number} value */
export function filled(length, value) {
  return new Uint8Array(length).fill(value)
}

/** @param {number} length */
export function failWithBytes(length) {
  throw Object.assign(new Error('with bytes'), { bytes: new Uint8Array(length).fill(9) })
}

/** @param {number} length */
export function throwBytes(length) {
  // oxlint-disable-next-line typescript/only-throw-error -- it arrives as it was
  throw new Uint8Array(length).fill(8)
}

/** @param {number} count @param {number} length */
export async function lastProgress(count, length) {
  const { taskContext } = await import('tidypool')
  for (let value = 1; value <= count; value++) taskContext().progress(filled(length, value))
  return filled(length, count + 1)
}

/** @param {Uint8Array} bytes */
export function exitAfter(bytes) {
  process.exit(bytes[0])
}

/** @param {Uint8Array} bytes */
export function sumEnds(bytes) {
  return [bytes.length, bytes[0], bytes.at(-1)]
}
