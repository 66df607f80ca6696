/** Why an executor took a step on its ladder, in words and as fields. */
import type { LadderStep } from '../lifetime/life.ts'
import { headroom, leftOf } from '../os/headroom.ts'
import { pressureOf } from './pressure.ts'

export type StepCause =
  /** A worker could not be started, however often it was tried. */
  | { readonly why: 'start'; readonly error: unknown }
  /** There is too little left to start one more. */
  | { readonly why: 'refused'; readonly error: unknown }
  /** The out-of-memory killer ended a worker. */
  | { readonly why: 'memory' }
  /** The JavaScript heap of a worker was full. */
  | { readonly why: 'heap' }
  /** There was no pressure for a while. */
  | { readonly why: 'calm'; readonly calmMs: number }

export function describeCause(cause: StepCause): Pick<LadderStep, 'cause' | 'resource'> {
  switch (cause.why) {
    case 'start':
    case 'refused':
      return { cause: firstLineOf(cause.error), resource: pressureOf(cause.error)?.resource }
    case 'memory':
      return { cause: 'the out-of-memory killer ended a worker', resource: 'memory' }
    case 'heap':
      return { cause: 'the JavaScript heap of a worker was full', resource: 'heap' }
    case 'calm': {
      const seconds = Math.round(cause.calmMs / 1000)
      return { cause: `no pressure for ${seconds} s`, resource: undefined }
    }
  }
  return cause satisfies never
}

function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n')[0] ?? ''
}

/** By the level that leaves least of each. */
export function whatIsLeft(): LadderStep['left'] {
  const least = new Map<string, number>()
  for (const level of headroom()) {
    const key = level.resource === 'memory' ? 'memoryBytes' : level.resource
    least.set(key, Math.min(leftOf(level), least.get(key) ?? Infinity))
  }
  return Object.fromEntries(least)
}
