/**
 * Follows a run on its ladder: tells every step, and takes the signal handlers off while user code runs on this thread, where
 * a busy task would make them deaf.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { EXECUTOR } from '../batch/executor-runner.ts'
import type { LadderStep, Rung } from '../lifetime/life.ts'
import { printWarning, say } from './messages.ts'

const CHANNEL = 'tidypool:executor'

/**
 * @param watchSignals  Installs the handlers, until what it returns is disposed.
 * @param makeRoom      Called before a line is written.
 */
export function followSteps(
  watchSignals: () => Disposable,
  isTalking: boolean,
  makeRoom: () => void,
): Disposable {
  let handlers: Disposable | undefined = watchSignals()
  const letGo = (): void => {
    handlers?.[Symbol.dispose]()
    handlers = undefined
  }
  const onMessage = (message: unknown): void => {
    if (!isStep(message)) return
    makeRoom()
    if (isTalking) say(`tidypool: ${describeStep(message)}`)
    if (message.to.place === 'inline') {
      letGo()
      prepareInline(isTalking, 'the last rung')
    } else handlers ??= watchSignals()
  }
  subscribe(CHANNEL, onMessage)
  return {
    [Symbol.dispose]() {
      unsubscribe(CHANNEL, onMessage)
      letGo()
    },
  }
}

/** User code on our own thread: nothing can stop it, and what it prints must not get among the results. */
export function prepareInline(isTalking: boolean, why: string): void {
  process.stdout.write = process.stderr.write.bind(process.stderr)
  if (isTalking) {
    printWarning(
      `${why} runs the task in this very process: time-outs and isolation are off, and a signal ends it at once`,
    )
  }
}

/** `8 processes → 3 processes: spawn EAGAIN`. */
export function describeStep({ from, to, cause }: LadderStep): string {
  return `${describeRung(from)} → ${describeRung(to)}: ${cause}`
}

const PLURALS = {
  process: 'processes',
  thread: 'threads',
  inline: 'on the calling thread',
} as const

export function describeRung({ place, workers }: Rung): string {
  if (place === 'inline') return PLURALS.inline
  return workers === 1 ? `1 ${place}` : `${workers} ${PLURALS[place]}`
}

/** Also executors of tasks publish here, while these run on this thread. */
function isStep(message: unknown): message is LadderStep & { readonly event: 'step' } {
  const { event, executor } = message as { readonly event?: unknown; readonly executor?: unknown }
  return event === 'step' && executor === EXECUTOR
}
