import { nowMs } from './clock.ts'
import { CreationSite } from './creation-site.ts'
import type { Finding } from './finding.ts'
import { processes } from './real-process.ts'

type Listener = ReturnType<NodeJS.Process['rawListeners']>[number]

const depth = 40

interface Added {
  readonly event: string | symbol
  readonly listener: unknown
  readonly atMs: number
  readonly site: CreationSite
}

/** Listeners on `process`, signal handlers among them, that are added from now on. */
export class Listeners implements Disposable {
  readonly #added: Added[] = []
  readonly #before: ReadonlyMap<NodeJS.Process, readonly Entry[]>
  readonly #note: (event: string | symbol, listener: unknown) => void

  constructor() {
    const note = (event: string | symbol, listener: unknown): void => {
      this.#added.push({ event, listener, atMs: nowMs(), site: new CreationSite(note, depth) })
    }
    this.#note = note
    for (const one of processes) one.on('newListener', this.#note)
    this.#before = new Map(processes.map((one) => [one, entriesOf(one)]))
  }

  left(): Finding[] {
    return processes.flatMap((one) => {
      const before = [...(this.#before.get(one) ?? [])]
      return entriesOf(one)
        .filter((entry) => {
          const at = before.findIndex((old) => isSame(old, entry))
          // The same one may be there twice, and only the second be new.
          if (at >= 0) before.splice(at, 1)
          return at < 0
        })
        .flatMap((entry) => this.#finding(entry))
    })
  }

  [Symbol.dispose](): void {
    for (const one of processes) one.off('newListener', this.#note)
  }

  #finding({ event, listener }: Entry): Finding[] {
    // `once` wraps what it is given, and the note has what was given.
    const given = (listener as { readonly listener?: Listener }).listener ?? listener
    const added = this.#added.findLast((one) => one.event === event && one.listener === given)
    if (added && (added.site.by === 'runner' || added.site.isOfNode)) return []
    const name = given.name === '' ? '' : ` (${given.name})`
    return [
      {
        kind: 'listener',
        what: `listener for ${String(event)} on process${name}`,
        atMs: added?.atMs,
        where: added?.site.where,
      },
    ]
  }
}

interface Entry {
  readonly event: string | symbol
  readonly listener: Listener
}

function entriesOf(one: NodeJS.Process): Entry[] {
  return one
    .eventNames()
    .flatMap((event) =>
      one.rawListeners(event as 'exit').map((listener): Entry => ({ event, listener })),
    )
}

function isSame(one: Entry, other: Entry): boolean {
  return one.event === other.event && one.listener === other.listener
}
