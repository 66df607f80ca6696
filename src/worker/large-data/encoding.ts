/**
 * A message as bytes for the pipe, with places in a file instead of its large binary values. All else is as by the pipe, with its
 * `serialization: 'advanced'`: each view arrives with memory of its own, and an object that is in a message twice, or in itself,
 * is so on arrival.
 */
import { DefaultDeserializer, DefaultSerializer } from 'node:v8'
import { classOf, unfilled, viewOf } from './binary.ts'
import { largeBuffers } from './find.ts'
import { chunksFor, LARGE_BYTES, type Part } from './layout.ts'
import type { FromWorker, ToWorker } from '../protocol.ts'

export interface Encoded {
  readonly body: Uint8Array
  readonly parts: readonly Part[]
}

export interface Decoded {
  /** Not to be looked at before the parts are filled. */
  readonly message: unknown
  readonly parts: readonly Part[]
}

/** Takes places for so many bytes. @throws when there are none. */
export type TakePlaces = (bytes: number) => readonly number[]

/** How a value that V8 leaves to us is written. */
const IN_FILE = 0
const IN_PIPE = 1
const NO_VIEW = 2

/** What Node has and its types do not tell of: v8.html#serializer_writehostobjectobject */
interface HostObjects {
  readonly _writeHostObject: (this: DefaultSerializer, view: ArrayBufferView) => void
  readonly _readHostObject: (this: DefaultDeserializer) => ArrayBufferView
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- documented, and untyped
const { _writeHostObject } = DefaultSerializer.prototype as unknown as HostObjects
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same for reading
const { _readHostObject } = DefaultDeserializer.prototype as unknown as HostObjects

/**
 * @param take  Undefined: nothing is left out.
 * @throws what cannot be cloned, and what `take` throws.
 */
export function encode(message: ToWorker | FromWorker, take?: TakePlaces): Encoded {
  const writer = new Writer(take)
  const buffers = take ? largeBuffers(message) : []
  writer.writeHeader()
  writer.writeValue(buffers.map((buffer) => [buffer.byteLength, writer.place(buffer)]))
  for (const [id, buffer] of buffers.entries()) writer.transferArrayBuffer(id, buffer)
  writer.writeValue(message)
  return { body: writer.releaseBuffer(), parts: writer.parts }
}

export function decode(body: Uint8Array): Decoded {
  const reader = new Reader(body)
  reader.readHeader()
  const buffers = reader.readValue() as readonly (readonly [number, readonly number[]])[]
  for (const [id, [byteLength, chunks]] of buffers.entries())
    reader.transferArrayBuffer(id, reader.place(byteLength, chunks))
  return { message: reader.readValue(), parts: reader.parts }
}

class Writer extends DefaultSerializer {
  readonly parts: Part[] = []
  readonly #take: TakePlaces | undefined

  constructor(take: TakePlaces | undefined) {
    super()
    this.#take = take
  }

  place(binary: ArrayBuffer | ArrayBufferView): readonly number[] {
    const bytes = ArrayBuffer.isView(binary)
      ? new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength)
      : new Uint8Array(binary)
    const chunks = this.#take?.(bytes.byteLength) ?? []
    this.parts.push({ bytes, chunks })
    return chunks
  }

  _writeHostObject(object: object): void {
    if (!ArrayBuffer.isView(object)) {
      this.writeUint32(NO_VIEW)
      this.writeValue({ ...object })
      return
    }
    const number = this.#take && object.byteLength >= LARGE_BYTES ? classOf(object) : -1
    if (number === -1 || !(object.buffer instanceof ArrayBuffer)) {
      this.writeUint32(IN_PIPE)
      _writeHostObject.call(this, object)
      return
    }
    this.writeUint32(IN_FILE)
    this.writeUint32(number)
    this.writeUint32(object.byteLength)
    for (const chunk of this.place(object)) this.writeUint32(chunk)
  }
}

class Reader extends DefaultDeserializer {
  readonly parts: Part[] = []

  place(byteLength: number, chunks: readonly number[]): ArrayBuffer {
    const buffer = unfilled(byteLength)
    this.parts.push({ bytes: new Uint8Array(buffer), chunks })
    return buffer
  }

  _readHostObject(): unknown {
    const how = this.readUint32()
    if (how === NO_VIEW) return this.readValue()
    if (how === IN_PIPE) return _readHostObject.call(this)
    const number = this.readUint32()
    const byteLength = this.readUint32()
    const chunks = Array.from({ length: chunksFor(byteLength) }, () => this.readUint32())
    return viewOf(number, this.place(byteLength, chunks))
  }
}
