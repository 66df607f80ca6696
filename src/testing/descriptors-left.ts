import { isMainThread } from 'node:worker_threads'
import { ownDescriptors } from '../os/own-descriptors.ts'
import { socketsByInode, type SocketSummary } from '../os/socket-table.ts'
import type { Made } from './async-resources.ts'
import type { Finding } from './finding.ts'

/** Handles that have a descriptor. */
const withDescriptor = /^(?:TCP|PIPE|UDP)(?:SERVER)?WRAP$|^FILEHANDLE$/
/** An event loop's own: made once, and open as long as the loop. What they are used for is seen as a handle or a thread. */
const ofEventLoop = /^anon_inode:/

/** Both ends are ours: so event loops wake themselves up. JavaScript makes no such pipe. */
function isPipeToUs(target: string, all: readonly (readonly [number, string])[]): boolean {
  return target.startsWith('pipe:') && all.filter(([, other]) => other === target).length > 1
}

/** A descriptor that was not there before. */
interface Open {
  readonly fd: number
  readonly target: string
  readonly made: Made | undefined
  readonly socket: SocketSummary | undefined
}

/**
 * Descriptors that were opened since and are open now. In a worker thread only those that a handle of this thread tells of,
 * and those below `folder`: the others may be any thread's.
 */
export function descriptorsLeft(
  before: ReadonlyMap<number, string>,
  made: readonly Made[],
  folder: string,
): Finding[] {
  const byNumber = new Map(
    made
      .filter(({ type, resource }) => withDescriptor.test(type) && (resource.fd ?? -1) >= 0)
      .map((one) => [one.resource.fd, one]),
  )
  const now = [...ownDescriptors()].filter(([fd, target]) => before.get(fd) !== target)
  const fresh = now.filter(([, target]) => !ofEventLoop.test(target) && !isPipeToUs(target, now))
  const sockets = fresh.some(([, target]) => inodeOf(target)) ? socketsByInode() : new Map()
  const open = fresh
    .map(([fd, target]): Open => {
      const inode = inodeOf(target)
      return { fd, target, made: byNumber.get(fd), socket: inode && sockets.get(inode) }
    })
    .filter((one) => isOurs(one, folder))
  const kept = new Set(open.filter(isKeptAlive).map(({ socket }) => portsOf(socket, 'outward')))
  return open
    .filter((one) => !isKeptAlive(one) && !kept.has(portsOf(one.socket, 'inward') ?? ''))
    .map(toFinding)
}

function isOurs({ made, target }: Open, folder: string): boolean {
  if (made) return made.site.by !== 'runner' && made.site.by !== 'watch'
  return isMainThread || target.startsWith(`${folder}/`)
}

/**
 * A connection that `fetch` or an agent of `node:http` keeps for the next request: it keeps no program alive and is closed
 * after some seconds. Its other end may be ours as well.
 */
function isKeptAlive({ made, socket }: Open): boolean {
  return (
    made?.type === 'TCPWRAP' && made.resource.hasRef?.() === false && (socket?.remote ?? '') !== ''
  )
}

function portsOf(
  socket: SocketSummary | undefined,
  direction: 'outward' | 'inward',
): string | undefined {
  if (socket?.protocol !== 'TCP' || socket.remote === '') return undefined
  const ports = [socket.local, socket.remote].map((address) => address.split(':').at(-1))
  return (direction === 'outward' ? ports : ports.toReversed()).join('>')
}

function toFinding({ fd, target, made, socket }: Open): Finding {
  const isSocket = inodeOf(target) !== undefined
  return {
    kind: isSocket ? 'socket' : 'descriptor',
    what: isSocket ? `${socketText(socket)} (descriptor ${fd})` : `descriptor ${fd} of ${target}`,
    atMs: made?.atMs,
    where: made?.site.where,
    fd,
  }
}

function socketText(socket: SocketSummary | undefined): string {
  if (!socket) return 'socket'
  const { protocol, local, remote, isListening } = socket
  const ends = remote === '' ? local || 'without a name' : `${local} to ${remote}`
  return `${protocol} socket ${isListening ? `listening on ${ends}` : ends}`
}

function inodeOf(target: string): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
  return inode === undefined ? undefined : Number(inode)
}
