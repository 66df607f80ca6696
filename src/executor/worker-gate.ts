/**
 * Executors of this thread that would like one more worker and find the budget of the process tree used up. They stand in one line;
 * it moves when a worker of this thread ends, and looks every now and then for what others gave back.
 */
import type { Opening } from './roster.ts'

/** A place in the line. */
export interface Waiting {
  readonly opening: Opening
  /**
   * Starts it if that may be done now.
   * @param mayClaim  Whether there may be a permit left.
   * @returns `full` when there is none, `waits` when it did not ask.
   */
  tryStart(mayClaim: boolean): 'started' | 'full' | 'waits'
  /** It is not wanted any more. */
  giveUp(): void
}

/** Others give back without telling us. */
const LOOK_EVERY_MS = 100

/** With what takes its listener off again. */
const line = new Map<Waiting, () => void>()
let timer: NodeJS.Timeout | undefined

/** Waits in line; an executor that is closed meanwhile leaves it. */
export function standInLine(waiting: Waiting): void {
  const { signal } = waiting.opening
  const leave = (): void => {
    if (line.delete(waiting)) waiting.giveUp()
  }
  line.set(waiting, () => signal.removeEventListener('abort', leave))
  signal.addEventListener('abort', leave, { once: true })
  lookLater()
}

/** Whether somebody was told that there is no permit, and waits. */
export function isLineEmpty(): boolean {
  return line.size === 0
}

/** A worker of this thread has ended: who is first in line may start one. */
export function moveLine(): void {
  let mayClaim = true
  for (const [waiting, stopListening] of line) {
    const isWanted = waiting.opening.isWanted()
    const outcome = isWanted ? waiting.tryStart(mayClaim) : waiting.giveUp()
    if (outcome === 'full') mayClaim = false
    if (outcome === 'full' || outcome === 'waits') continue
    line.delete(waiting)
    stopListening()
  }
  lookLater()
}

function lookLater(): void {
  if (line.size === 0) {
    clearTimeout(timer)
    timer = undefined
    return
  }
  timer ??= setTimeout(() => {
    timer = undefined
    moveLine()
  }, LOOK_EVERY_MS).unref()
}
