/** A worker's end. Nothing else happens in its thread while a task is given or its result sent: all is copied at once. */
import { fstatSync } from 'node:fs'
import type { FromWorker, ToWorker } from '../protocol.ts'
import { LargeReceiver } from './receiver.ts'
import { LargeSender, type Detour } from './sender.ts'

export class LargeDataOfWorker {
  readonly #sender: LargeSender
  readonly #receiver: LargeReceiver
  #detour: Detour | undefined

  /** @param toWorker  Descriptors as it got them: of files, or of nothing. */
  constructor(toWorker: number, fromWorker: number) {
    const hasFiles = isFile(toWorker) && isFile(fromWorker)
    this.#receiver = new LargeReceiver(hasFiles ? toWorker : undefined)
    this.#sender = new LargeSender(hasFiles ? fromWorker : undefined, (why) => {
      this.#detour = why
    })
  }

  /** What to send through the pipe for a message; and why that is the message with large data in it, if it is. */
  pack(message: FromWorker): readonly [message: FromWorker | Uint8Array, detour?: Detour] {
    const departure = this.#sender.prepare(message)
    if (departure?.write() === 'written') return [departure.body]
    if (this.#detour === undefined) return [message]
    const why = this.#detour
    this.#detour = undefined
    return [message, why]
  }

  /** The message of what arrived. @throws when it cannot be read. */
  unpack(received: ToWorker | Uint8Array): ToWorker {
    if (!(received instanceof Uint8Array)) return received
    const arrival = this.#receiver.open(received)
    arrival.read()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the owner can write to this channel
    return arrival.take() as ToWorker
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}
