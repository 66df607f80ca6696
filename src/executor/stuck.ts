/** Why a task is stuck: from what its worker did between two looks. */
import { readThread } from '../os/thread-state.ts'
import { monotonicMs } from '../worker/marks.ts'
import type { Worker } from '../worker/worker.ts'

/**
 * - `computing`: its thread uses the processor, or waits for one. An endless loop, or work that takes long.
 * - `blocked`: its thread sleeps in the system, and its event loop does not turn: `Atomics.wait`, `execSync`, a read of a FIFO.
 * - `waiting`: its event loop turns, and the promise is not settled.
 * - `stopped`: somebody stopped it (SIGSTOP, a debugger).
 * - `unknown`: its event loop does not turn, and the system does not tell why (not Linux, no `/proc`).
 */
export type StuckWhy = 'computing' | 'blocked' | 'waiting' | 'stopped' | 'unknown'

/** What is known of a stuck task. */
export interface StuckFigures {
  readonly why: StuckWhy
  /** Processor time of its worker's thread in the last `overMs`; undefined where the system does not tell. */
  readonly cpuMs: number | undefined
  readonly overMs: number
  /** How long the worker's event loop took to answer; when it has not, how long it was waited for. */
  readonly eventLoopDelayMs: number
  /** What keeps its event loop alive (`Timeout`, `TCPSocketWrap`), when that has answered. */
  readonly resources: readonly string[] | undefined
}

/** A worker at one moment, with a question to its event loop. */
export interface Look {
  readonly id: number
  readonly atMs: number
  readonly cpuMs: number | undefined
  answeredAtMs: number | undefined
  resources: readonly string[] | undefined
}

let lastId = 0

/** Looks at a worker, and asks its event loop for a sign. */
export function lookAt(worker: Worker): Look {
  lastId += 1
  const cpuMs = worker.osThread && readThread(worker.osThread)?.cpuMs
  const look = { id: lastId, atMs: monotonicMs(), cpuMs }
  worker.send({ type: 'ping', id: look.id })
  return { ...look, answeredAtMs: undefined, resources: undefined }
}

/** Used the processor for this part of the time: it computes, whatever it waits for in between. */
const COMPUTING_SHARE = 0.2

/** What a worker has done since it was looked at. */
export function figuresSince(look: Look, worker: Worker): StuckFigures {
  const now = monotonicMs()
  const overMs = now - look.atMs
  const found = worker.osThread && readThread(worker.osThread)
  const cpuMs = found && look.cpuMs !== undefined ? found.cpuMs - look.cpuMs : undefined
  const { answeredAtMs, resources } = look
  const why = (): StuckWhy => {
    if (found?.state === 'T' || found?.state === 't') return 'stopped'
    if (cpuMs !== undefined && cpuMs >= COMPUTING_SHARE * overMs) return 'computing'
    if (answeredAtMs !== undefined) return 'waiting'
    if (!found) return 'unknown'
    // It may have got no processor all the time.
    return found.state === 'R' ? 'computing' : 'blocked'
  }
  const eventLoopDelayMs = (answeredAtMs ?? now) - look.atMs
  return { why: why(), cpuMs, overMs, eventLoopDelayMs, resources }
}
