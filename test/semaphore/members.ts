/** Programs that want permits of one semaphore, and what they wrote down about it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Semaphore } from 'tidypool'
import { until, type Program, type Stage, type StartOptions } from '../faults/observe.ts'

export type Mode = 'once' | 'loop' | 'keep' | 'exit' | 'churn' | 'thread'

export interface Note {
  readonly what: 'enter' | 'leave'
  readonly pid: number
  readonly id: string
  readonly atNs: bigint
}

export class Members {
  readonly name = 'members'
  readonly permits: number
  readonly #stage: Stage
  readonly #log: string

  constructor(stage: Stage, permits: number) {
    this.permits = permits
    this.#stage = stage
    this.#log = path.join(stage.folder, 'log')
  }

  start(mode: Mode, options: StartOptions = {}, node: string = process.execPath): Promise<Program> {
    const file = fileURLToPath(new URL('../faults/programs/semaphore.mjs', import.meta.url))
    const args = [this.name, String(this.permits), this.#log, mode]
    return this.#stage.startCommand([node, file, ...args], { stdin: 'pipe', ...options })
  }

  /** Starts them one after another, each when the one before stands in the queue. */
  async line(count: number, mode: Mode = 'once', options: StartOptions = {}): Promise<Program[]> {
    const started: Program[] = []
    const { waiting } = await this.stats()
    for (let index = 1; index <= count; index++) {
      started.push(await this.start(mode, options))
      await this.waiting(waiting + index)
    }
    return started
  }

  async waiting(count: number): Promise<void> {
    await until(async () => (await this.stats()).waiting === count, `${count} to wait`, 30_000)
  }

  async stats(): ReturnType<Semaphore['stats']> {
    return await this.within(() => this.semaphore().stats())
  }

  /** Runs with the environment of the stage, which says where the queue is. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const before = process.env['TIDYPOOL_STATE_DIR']
    process.env['TIDYPOOL_STATE_DIR'] = this.#stage.stateDir
    try {
      return await work()
    } finally {
      if (before === undefined) delete process.env['TIDYPOOL_STATE_DIR']
      else process.env['TIDYPOOL_STATE_DIR'] = before
    }
  }

  semaphore(): Semaphore {
    return new Semaphore(this.name, { permits: this.permits })
  }

  notes(): Note[] {
    if (!existsSync(this.#log)) return []
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => {
      const [what = '', id = '', atNs = ''] = line.split(' ')
      assert.ok(what === 'enter' || what === 'leave', line)
      return { what, id, pid: Number.parseInt(id, 10), atNs: BigInt(atNs) }
    })
  }

  async entered({ pid }: Program): Promise<Note> {
    return await until(
      () => this.notes().find((note) => note.what === 'enter' && note.pid === pid),
      `process ${pid} to get a permit`,
      30_000,
    )
  }

  /**
   * At no time were more than N out. Lines stand in the order in which they were written, each while its writer held a permit; of one
   * that was killed before it left, only the moment at which it entered counts.
   */
  neverTooMany(): number {
    const notes = this.notes()
    const left = new Set(notes.flatMap(({ what, id }) => (what === 'leave' ? [id] : [])))
    const inside = new Set<string>()
    let most = 0
    for (const { what, id } of notes) {
      if (what === 'leave') inside.delete(id)
      else inside.add(id)
      most = Math.max(most, inside.size)
      assert.ok(inside.size <= this.permits, `${[...inside].join(' ')} hold at the same time`)
      if (!left.has(id)) inside.delete(id)
    }
    return most
  }
}
