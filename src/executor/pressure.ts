/** Which resource was short, told from an error of a start, or of a worker's death. */
import { PressureError, WorkerDiedError } from '../errors.ts'
import { errorCode } from '../os/process-identity.ts'

export interface Shortage {
  /** `heap`: the limit of V8's own heap, whatever memory there is besides. */
  readonly resource: PressureError['resource'] | 'heap'
  /** `ERR_PRESSURE`, an errno such as `EAGAIN`, or a code of Node's. */
  readonly code: string
}

/** What the kernel refuses with. */
const resources: ReadonlyMap<string, Shortage['resource']> = new Map([
  ['EAGAIN', 'processes'],
  ['ENOMEM', 'memory'],
  ['EMFILE', 'descriptors'],
  ['ENFILE', 'descriptors'],
  ['ERR_WORKER_OUT_OF_MEMORY', 'heap'],
])
const HEAP_FULL = 'heap out of memory'
const MAX_DEPTH = 16

/**
 * The first shortage that an error tells of, itself or in its `cause` or `errors`; undefined when it tells of none. That a
 * worker was killed by SIGKILL is none: that may have been anybody.
 */
export function pressureOf(error: unknown): Shortage | undefined {
  return find(error, MAX_DEPTH)
}

function find(error: unknown, depth: number): Shortage | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined
  const inner = error instanceof AggregateError ? [error.cause, ...error.errors] : [error.cause]
  return (
    own(error) ??
    inner.reduce<Shortage | undefined>((found, one) => found ?? find(one, depth - 1), undefined)
  )
}

function own(error: Error): Shortage | undefined {
  if (error instanceof PressureError) return { resource: error.resource, code: error.code }
  const code = errorCode(error) ?? ''
  const resource = resources.get(code)
  if (resource) return { resource, code }
  if (code === 'ERR_WORKER_INIT_FAILED') return initFailure(error.message)
  const text = error instanceof WorkerDiedError ? error.stderr : error.message
  return text.includes(HEAP_FULL)
    ? { resource: 'heap', code: 'ERR_WORKER_OUT_OF_MEMORY' }
    : undefined
}

/** "Worker initialization failure: EMFILE". A thread that cannot be made is one too many, unless it says otherwise. */
function initFailure(message: string): Shortage {
  const errno = /\bE[A-Z]{3,}\b/.exec(message)?.[0] ?? ''
  return { resource: resources.get(errno) ?? 'processes', code: 'ERR_WORKER_INIT_FAILED' }
}
