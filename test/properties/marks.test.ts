/**
 * Owner and worker share a few numbers and no lock. Here each acts in the middle of what the other does: before any of
 * its reads and writes. Whatever happens, a call runs once or comes back once, and never both.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { Seat } from '../../src/executor/seat.ts'
import type { Task } from '../../src/executor/task.ts'
import { openUnnamedFile } from '../../src/os/unnamed-file.ts'
import { mappedMarks } from '../../src/worker/mapped-marks.ts'
import {
  FileMarks,
  MARKS_BYTES,
  MemoryMarks,
  type Marks,
  type WorkerMarks,
} from '../../src/worker/marks.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { newTask } from '../helpers/new-task.ts'

/** Called before each read and write of shared numbers. */
let beforeAccess: (() => void) | undefined

const { load, store } = Atomics
const { readSync, writeSync } = fs
type Any = (...args: readonly unknown[]) => unknown
const hooked = (real: unknown): never =>
  ((...args: readonly unknown[]) => {
    beforeAccess?.()
    return (real as Any)(...args)
  }) as never
Object.assign(Atomics, { load: hooked(load), store: hooked(store) })
Object.assign(fs, { readSync: hooked(readSync), writeSync: hooked(writeSync) })
syncBuiltinESMExports()
after(() => {
  Object.assign(Atomics, { load, store })
  Object.assign(fs, { readSync, writeSync })
  syncBuiltinESMExports()
})

function interrupted(at: number, interrupt: () => void, action: () => void): void {
  let left = at
  beforeAccess = () => {
    left -= 1
    if (left >= 0) return
    beforeAccess = undefined
    interrupt()
  }
  try {
    action()
  } finally {
    beforeAccess = undefined
  }
}

const handedOver = new ArrayBuffer(8)

/** A worker's place, its worker, and what became of each call. */
class Pair {
  readonly seat = new Seat(1)
  readonly #worker: WorkerMarks
  #begun = 0
  #returned: number[] = []
  readonly ran = new Map<number, number>()
  readonly back = new Map<number, number>()

  constructor(owner: Marks, worker: WorkerMarks) {
    this.#worker = worker
    this.seat.worker = { marks: owner } as unknown as Worker
    this.seat.state = 'ready'
  }

  assign(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const isHandedOver = this.seat.given % 3 === 2
      const options = isHandedOver ? { transfer: [handedOver] } : {}
      this.seat.assign(newTask(this.seat.given + 1, options))
    }
  }

  /** The owner takes back what has not begun of a part of the calls. */
  revoke(from: number, to: number): void {
    const { given } = this.seat
    if (given === 0) return
    const [first, last] = [1 + (from % given), 1 + (to % given)].toSorted((a, b) => a - b) as [
      number,
      number,
    ]
    if (this.seat.inflight.get(first)?.isHandedOver) return
    for (const task of this.seat.revoke(first, last)) this.#takeBack(task)
  }

  #takeBack(task: Task): void {
    assert.equal(task.isHandedOver, false, `call ${task.seq} was handed over, and came back`)
    add(this.back, task.seq)
  }

  /** The worker begins the next calls. */
  work(count: number): void {
    for (let n = 0; n < count && this.#begun < this.seat.given; n += 1) {
      this.#begun += 1
      const seq = this.#begun
      if (this.#worker.begin(seq, 'running', 0)) add(this.ran, seq)
      else this.#returned.push(seq)
    }
  }

  /** The owner reads what the worker has sent. */
  deliver(): void {
    for (const seq of this.#returned.splice(0)) {
      this.seat.confirmReturned(seq)
      const task = this.seat.inflight.get(seq)
      if (!task) continue
      this.#takeBack(task)
      this.seat.remove(task)
    }
  }

  finish(): void {
    this.work(Infinity)
    this.deliver()
    for (let seq = 1; seq <= this.seat.given; seq += 1) {
      const [ran, back] = [this.ran.get(seq) ?? 0, this.back.get(seq) ?? 0]
      assert.equal(ran + back, 1, `call ${seq} ran ${ran} times and came back ${back} times`)
    }
  }
}

function add(counts: Map<number, number>, seq: number): void {
  counts.set(seq, (counts.get(seq) ?? 0) + 1)
}

const few = fc.nat({ max: 6 })
const step = fc.record({
  do: fc.constantFrom('assign', 'revoke', 'work', 'deliver'),
  count: few,
  from: fc.nat(),
  to: fc.nat(),
  /** The other side acts before this access. */
  at: few,
  meanwhile: few,
})

function check(marks: () => { owner: Marks; worker: WorkerMarks; close?: () => void }): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const { owner, worker, close } = marks()
      try {
        const pair = new Pair(owner, worker)
        for (const { do: what, count, from, to, at, meanwhile } of steps) {
          if (what === 'assign') pair.assign(count)
          else if (what === 'deliver') pair.deliver()
          else if (what === 'revoke')
            interrupted(
              at,
              () => pair.work(meanwhile),
              () => pair.revoke(from, to),
            )
          else
            interrupted(
              at,
              () => pair.revoke(from, to),
              () => pair.work(count),
            )
        }
        pair.finish()
      } finally {
        close?.()
      }
    }),
    { numRuns: 2000 },
  )
}

test('marks in memory: a call never runs and comes back, and is never lost', () => {
  check(() => {
    const owner = new MemoryMarks()
    return { owner, worker: new MemoryMarks(owner.buffer) }
  })
})

test('marks in a mapped file: a call never runs and comes back, and is never lost', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tm-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  check(() => {
    const fd = openUnnamedFile(() => folder, MARKS_BYTES)
    const worker = mappedMarks(fd)
    assert.ok(worker)
    return { owner: new FileMarks(fd), worker, close: () => fs.closeSync(fd) }
  })
})

test('marks in a file: a call never runs and comes back, and is never lost', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tm-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  check(() => {
    const fd = openUnnamedFile(() => folder)
    return { owner: new FileMarks(fd), worker: new FileMarks(fd), close: () => fs.closeSync(fd) }
  })
})
