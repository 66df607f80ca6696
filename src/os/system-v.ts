/** System V shared memory, semaphores and message queues: what the kernel holds in our ipc namespace until it is removed. */
import { spawnSync } from 'node:child_process'
import { errorCode, isGoneError } from './process-identity.ts'
import { readProc } from './read-proc.ts'

/** One of them. The kernel makes `id` from a counter, so that it is not given out again soon. */
export interface SystemVObject {
  readonly kind: 'shm' | 'sem' | 'msg'
  readonly id: number
  /** 0 for one without a name (`IPC_PRIVATE`). */
  readonly key: number
  /** Size of the segment; of the messages in the queue; 0 for semaphores. */
  readonly bytes: number
  /** Whose it is. */
  readonly uid: number
  /** A segment that goes by itself when the last process detaches it: somebody has removed it already. */
  readonly isGoing: boolean
  /** When it was made, or its owner or rights were changed, in whole seconds; milliseconds since 1970. */
  readonly changedAtMs: number
  /** Who made it: the kernel knows that of segments alone. */
  readonly creatorPid: number | undefined
  /** Who attached or detached the segment last, or sent to the queue last; undefined when nobody has. */
  readonly lastPid: number | undefined
  /** Who received from the queue last. */
  readonly lastReceiverPid: number | undefined
  /** When somebody sent to the queue last, and received from it, as `changedAtMs`; 0 for others, and for never. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
  /** How many times the segment is attached now; undefined for others. */
  readonly attached: number | undefined
}

/** What `removeSystemV` did. */
export type RemoveSystemVOutcome = 'removed' | 'gone' | { readonly refused: string }

const kinds = ['shm', 'sem', 'msg'] as const
const removeFlags = { shm: '-m', sem: '-s', msg: '-q' } as const

/** All of our ipc namespace that there are now; none where `/proc/sysvipc` is missing. */
export function listSystemV(): SystemVObject[] {
  return kinds.flatMap((kind) => parseSystemV(kind, read(`/proc/sysvipc/${kind}`)))
}

/** Reads one of the kernel's tables; its first line names the columns. */
export function parseSystemV(kind: SystemVObject['kind'], table: string): SystemVObject[] {
  const [header = '', ...lines] = table.trim().split('\n')
  const names = header.trim().split(/\s+/)
  return lines.map((line) => {
    const values = line.trim().split(/\s+/)
    const at = (name: string): number => Number(values[names.indexOf(name)] ?? 0)
    // 0: nobody yet, or one of another pid namespace.
    const pidAt = (name: string): number | undefined => at(name) || undefined
    return {
      kind,
      id: at(`${kind === 'msg' ? 'msq' : kind}id`),
      key: at('key'),
      bytes: kind === 'shm' ? at('size') : at('cbytes'),
      uid: at('uid'),
      isGoing:
        kind === 'shm' && (Number.parseInt(`${values[names.indexOf('perms')]}`, 8) & 0o1000) !== 0,
      changedAtMs: at('ctime') * 1000,
      creatorPid: pidAt('cpid'),
      lastPid: kind === 'msg' ? pidAt('lspid') : pidAt('lpid'),
      lastReceiverPid: pidAt('lrpid'),
      sentAtMs: kind === 'msg' ? at('stime') * 1000 : 0,
      receivedAtMs: kind === 'msg' ? at('rtime') * 1000 : 0,
      attached: kind === 'shm' ? at('nattch') : undefined,
    }
  })
}

/** Removes it by `ipcrm`, if what has its number now is still the same one. */
export function removeSystemV(object: SystemVObject): RemoveSystemVOutcome {
  const now = find(object)
  if (!now) return 'gone'
  if (!isSame(object, now)) return { refused: 'another one has its number now' }
  const { error, status, stderr } = spawnSync('ipcrm', [removeFlags[object.kind], `${object.id}`], {
    encoding: 'utf8',
  })
  if (status === 0) return 'removed'
  if (!find(object)) return 'gone'
  if (errorCode(error) === 'ENOENT')
    return { refused: 'there is no ipcrm here (it is in util-linux)' }
  return { refused: error?.message ?? (stderr.trim() || `ipcrm ended with ${status}`) }
}

/** Who changed semaphores of the set last, as `ipcs` tells; nobody where there is none. Those may have been made by others. */
export function semaphoreUsers({ kind, id }: SystemVObject): number[] {
  if (kind !== 'sem') return []
  const { stdout } = spawnSync('ipcs', ['-s', '-i', String(id)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  // Number, value, two counts of those who wait, and the process.
  const line = /^\d+\s+\d+\s+\d+\s+\d+\s+([1-9]\d*)\s*$/gm
  const pids = Array.from((stdout ?? '').matchAll(line), ([, pid]) => Number(pid))
  return [...new Set(pids)]
}

function find({ kind, id }: SystemVObject): SystemVObject | undefined {
  return listSystemV().find((object) => object.kind === kind && object.id === id)
}

function isSame(before: SystemVObject, now: SystemVObject): boolean {
  return (
    before.key === now.key &&
    before.uid === now.uid &&
    before.creatorPid === now.creatorPid &&
    before.changedAtMs === now.changedAtMs
  )
}

function read(file: string): string {
  try {
    return readProc(file)
  } catch (error) {
    // No /proc, or a kernel without System V.
    if (isGoneError(error) || errorCode(error) === 'EACCES') return ''
    throw error
  }
}
