import type { Made, Resource } from './async-resources.ts'
import type { Finding } from './finding.ts'

/** Told as processes and descriptors. */
const toldElsewhere = /^(?:PROCESSWRAP|FILEHANDLE|(?:TCP|PIPE|UDP)(?:SERVER)?WRAP)$/
const words: Readonly<Record<string, string>> = {
  FSEVENTWRAP: 'fs.watch',
  STATWATCHER: 'fs.watchFile',
  MESSAGEPORT: 'message port',
  TTYWRAP: 'terminal',
}

/** Threads that run, and timers, handles and requests that keep the program alive: as `process.getActiveResourcesInfo` counts. */
export function handlesLeft(made: readonly Made[]): Finding[] {
  const active = new Set(process.getActiveResourcesInfo().map((name) => name.toLowerCase()))
  return made
    .filter((one) => one.site.by === 'program')
    .flatMap((one): Finding[] => {
      const told = tell(one, active)
      return told ? [{ ...told, atMs: one.atMs, where: one.site.where }] : []
    })
}

function tell(
  { type, resource }: Made,
  active: ReadonlySet<string>,
): Pick<Finding, 'kind' | 'what'> | undefined {
  // A thread is one whether or not it keeps the program alive.
  if (type === 'WORKER') return { kind: 'thread', what: `thread ${resource.threadId ?? ''}`.trim() }
  if (toldElsewhere.test(type)) return undefined
  if (resource.hasRef === undefined) {
    // A request is destroyed when it is done; in case that is late, Node says whether there are any of its kind.
    return active.has(type.toLowerCase())
      ? { kind: 'handle', what: `pending request (${type})` }
      : undefined
  }
  if (resource.hasRef() !== true) return undefined
  if (type === 'Timeout') return { kind: 'timer', what: `timer (${timerText(resource)})` }
  if (type === 'Immediate') return { kind: 'timer', what: 'timer (setImmediate)' }
  return { kind: 'handle', what: `handle (${words[type] ?? type})` }
}

function timerText({ _repeat, _idleTimeout }: Resource): string {
  return typeof _repeat === 'number'
    ? `setInterval, every ${_repeat} ms`
    : `setTimeout, ${_idleTimeout} ms`
}
