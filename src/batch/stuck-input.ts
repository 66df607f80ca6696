/** Inputs that take too long without a sign: what is done about them, and what is told. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

export interface StuckPolicy {
  readonly afterMs: number
  readonly action: 'report' | 'capture' | 'kill'
  readonly tell: (found: StuckInput) => void
}

export interface StuckInput {
  /** As in its record; undefined: the module is being loaded. */
  readonly index: number | undefined
  /** Of the worker or of the command. */
  readonly pid: number | undefined
  readonly worker: number
  readonly forMs: number
  /** What it does, in a few words. */
  readonly why: string
  /** How often it was told, this time included. */
  readonly told: number
  /** It is ended for it. */
  readonly isEnded: boolean
  /** Stack of its worker, or its processes, line by line. */
  readonly details: string | undefined
}

/** What the channel says of a stuck task, as far as it is passed on. */
interface StuckMessage extends Omit<StuckInput, 'isEnded' | 'details'> {
  readonly event: string
  readonly executor: string
  readonly action: StuckPolicy['action']
  readonly stack: string | undefined
  readonly cpuMs: number | undefined
  readonly overMs: number
}

/** Passes on what an executor of that name finds stuck; call what it returns to stop. */
export function watchStuck(executor: string, tell: StuckPolicy['tell']): () => void {
  const onMessage = (message: unknown): void => {
    const found = message as StuckMessage
    if (found.event !== 'stuck' || found.executor !== executor) return
    const { index, pid, worker, forMs, told, stack, cpuMs, overMs } = found
    const share = cpuMs === undefined ? undefined : Math.round((100 * cpuMs) / overMs)
    const why = share === undefined ? found.why : `${found.why}, ${share} % of a processor`
    const isEnded = found.action === 'kill'
    tell({ index, pid, worker, forMs, why, told, isEnded, details: stack })
  }
  subscribe('tidypool:worker', onMessage)
  return () => void unsubscribe('tidypool:worker', onMessage)
}
