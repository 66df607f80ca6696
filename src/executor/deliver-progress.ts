import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** Hands what a task has told to its caller. */
export function deliverProgress(seat: Seat, { spec, index }: Task, value: unknown): void {
  const { call, name } = spec
  try {
    call.onProgress?.(value, { task: name, worker: seat.id, index })
  } catch (error) {
    // The caller's bug, in a turn of its own: it must not cost other tasks their messages.
    queueMicrotask(() => {
      throw error
    })
  }
}
