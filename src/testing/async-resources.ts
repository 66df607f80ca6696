import { createHook, executionAsyncId, type AsyncHook } from 'node:async_hooks'
import { nowMs } from './clock.ts'
import { CreationSite } from './creation-site.ts'

/** What Node's own handles tell when they are asked. */
export interface Resource {
  /** Whether it keeps the program alive now; undefined when it has ended. */
  hasRef?(): boolean | undefined
  readonly fd?: number
  readonly pid?: number
  readonly threadId?: number
  /** Of timers. */
  readonly _repeat?: number | null
  readonly _idleTimeout?: number
}

/** A handle, a timer, a thread or a request that was made while we looked. */
export interface Made {
  /** Node's name of it: `Timeout`, `TCPSERVERWRAP`, `PROCESSWRAP`… */
  readonly type: string
  readonly resource: Resource
  readonly atMs: number
  readonly site: CreationSite
}

/** Those are no resources, and there are many. */
const passed = /^(?:PROMISE|Microtask)$/
/** Sockets and servers. */
const isMadeLater = /^(?:TCP|PIPE|UDP)(?:SERVER)?WRAP$/
/** A stack costs time by its depth, and ticks are many: theirs is only taken for what they make. */
const frames = { tick: 12, other: 40 } as const

/** What Node makes in this thread from now on, with who asked for it. */
export class AsyncResources implements Disposable {
  readonly #live = new Map<number, Made>()
  readonly #hook: AsyncHook

  constructor() {
    const live = this.#live
    const init = (id: number, type: string, trigger: number, resource: object): void => {
      if (passed.test(type)) return
      // Node may make it only later, as a server's socket after the look-up of its name: then by what made that happen.
      const cause =
        type === 'TickObject' ? undefined : (live.get(executionAsyncId()) ?? live.get(trigger))
      const depth = type === 'TickObject' ? frames.tick : frames.other
      const site = new CreationSite(init, depth, isMadeLater.test(type) ? cause?.site : undefined)
      live.set(id, { type, resource, atMs: nowMs(), site })
    }
    this.#hook = createHook({ init, destroy: (id) => void live.delete(id) }).enable()
  }

  /** What has not been destroyed yet. Whether it is still of use only the resource knows. */
  live(): Made[] {
    return [...this.#live.values()].filter(({ type }) => type !== 'TickObject')
  }

  [Symbol.dispose](): void {
    this.#hook.disable()
    this.#live.clear()
  }
}
