import { newAccountState, type AccountState } from './account-state.ts'
import type { RegisteredExecutor } from './registry.ts'
import type { OwningScope } from './scope.ts'

/** One `handleSignals()`, as the signal listener sees it. */
export interface SignalHandler {
  readonly controller: AbortController
  readonly before: ((signal: NodeJS.Signals) => unknown) | undefined
  readonly pending: 'finish' | 'cancel'
  readonly graceMs: number
}

/** What two copies of the package in one thread, or one that a test runner loaded twice, have in common. */
export interface SharedState {
  readonly executors: Set<RegisteredExecutor>
  /** The scope of this thread while something is held, and a moment longer. */
  scope: OwningScope | undefined
  /** Whether workers are told to ignore INT, TERM and HUP because `handleSignals` decides about them. */
  signalsIgnored: boolean
  /** The open `handleSignals()`, oldest first, and the listener that serves them all. */
  readonly handlings: SignalHandler[]
  signalListener: ((signal: NodeJS.Signals) => void) | undefined
  /** Takes the exit hook off; undefined while it is not installed. */
  removeExitHook: (() => void) | undefined
  /** Codes of warnings already given. */
  readonly warned: Set<string>
  /** What was made and given back since the start. */
  readonly account: AccountState
}

// The version is part of the name: a copy with another layout keeps its own state and its own scope.
const key = Symbol.for('tidypool.v1')

/** The state of this thread: a worker thread has a `globalThis` of its own. */
export function sharedState(): SharedState {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the symbol is ours, so is what lies there
  const holder = globalThis as { [key]?: SharedState }
  // Sealed, because Jest replaces what it can of globals' properties when a test file ends, while we are still using them.
  holder[key] ??= Object.seal<SharedState>({
    executors: new Set(),
    scope: undefined,
    signalsIgnored: false,
    handlings: [],
    signalListener: undefined,
    removeExitHook: undefined,
    warned: new Set(),
    account: newAccountState(),
  })
  return holder[key]
}
