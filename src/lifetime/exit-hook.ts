import { cleanUpStep } from './events.ts'
import { sharedState } from './state.ts'

/**
 * Level 2: one `exit` listener over everything that is held, there only while something is.
 *
 * It makes sooner what the guardian does anyway a moment later, so it may leave anything to it: it takes no lock, waits
 * for nothing, never throws, and each part runs whatever the part before it did.
 */
export function updateExitHook(): void {
  const state = sharedState()
  const isNeeded = state.executors.size > 0 || state.scope !== undefined
  if (isNeeded && !state.removeExitHook) {
    process.on('exit', onExit)
    // Stored, because another copy of the package may be the one that takes it off.
    state.removeExitHook = () => process.off('exit', onExit)
  } else if (!isNeeded && state.removeExitHook) {
    state.removeExitHook()
    state.removeExitHook = undefined
  }
}

/** What the hook does, for those who end the process by a signal: then there is no `exit` event. */
export function onExit(): void {
  const { executors, scope } = sharedState()
  if (executors.size > 0) cleanUpStep(`Cleaning up ${executors.size} active executor(s)`)
  for (const executor of executors) {
    attempt(`executor ${executor.name}`, () => executor.killSync())
  }
  if (scope) attempt(`scope ${scope.id}`, () => scope.endSync())
}

/** One part of the hook. Its error is told and not thrown: the exit status of the program is the program's. */
function attempt(what: string, part: () => void): void {
  try {
    part()
  } catch (error) {
    cleanUpStep('error in the exit hook', { what, error: String(error) })
  }
}
