/**
 * Descriptors above 2 that this program was started with: a shell's `3<file`, the job server of `make -j`, sockets of a
 * service manager. Node marks those that it finds as closed on exec, as it does its own, so they are told apart by what they are:
 *
 * - Node opens event, epoll and io_uring descriptors, and pipes to itself, of which it has both ends;
 * - a pipe of which we were given both ends (the job server) is also our parent's. The numbers in MAKEFLAGS say nothing: where
 *   make did not hand it on, they are those of something of Node's.
 *
 * Given an event descriptor, or both ends of a pipe that nobody else has, we take it for Node's.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { errorCode, hasProc, isGoneError } from '../os/process-identity.ts'

/** Higher numbers would need an unreasonably long list at `spawn`. */
const highestHanded = 1023
const accessMode = 0o3

interface OpenDescriptor {
  readonly fd: number
  /** `pipe:[4711]`, `socket:[4712]`, `anon_inode:[eventpoll]` or a path. */
  readonly what: string
}

/** Call it before anything is opened. Empty where there is no `/proc`. */
export function handedDescriptors(): readonly number[] {
  if (!hasProc()) return []
  const open = descriptorsOf('self').filter(({ fd }) => fd > 2 && fd <= highestHanded)
  const parents = new Set(descriptorsOf(process.ppid).map(({ what }) => what))
  return open
    .filter(({ fd, what }) => {
      if (fd === channelDescriptor() || what === `/proc/${process.pid}/fd`) return false
      if (what.startsWith('anon_inode:')) return false
      if (parents.has(what)) return true
      if (what.startsWith('pipe:')) return !hasBothEnds(what, open)
      return !(what.startsWith('socket:') && isInspected())
    })
    .map(({ fd }) => fd)
    .toSorted((a, b) => a - b)
}

function descriptorsOf(pid: number | 'self'): readonly OpenDescriptor[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      const what = read(() => readlinkSync(`/proc/${pid}/fd/${name}`))
      return what === undefined ? [] : [{ fd: Number(name), what }]
    })
  } catch (error) {
    if (isHidden(error)) return []
    throw error
  }
}

function hasBothEnds(pipe: string, open: readonly OpenDescriptor[]): boolean {
  const modes = open.filter(({ what }) => what === pipe).map(({ fd }) => accessOf(fd))
  return modes.includes(0) && modes.includes(1)
}

function accessOf(fd: number): number | undefined {
  const info = read(() => readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
  const flags = /^flags:\s*(\d+)/m.exec(info ?? '')?.[1]
  return flags === undefined ? undefined : Number.parseInt(flags, 8) & accessMode
}

/** A parent that is Node may have given us a channel, which Node listens to already. */
function channelDescriptor(): number | undefined {
  const channel: unknown = process.channel
  if (typeof channel !== 'object' || channel === null || !('fd' in channel)) return undefined
  return typeof channel.fd === 'number' ? channel.fd : undefined
}

/** The inspector listens at a socket of its own. */
function isInspected(): boolean {
  return `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`.includes('--inspect')
}

function read(look: () => string): string | undefined {
  try {
    return look()
  } catch (error) {
    if (isHidden(error)) return undefined
    throw error
  }
}

/** It has gone meanwhile, or is another user's. */
function isHidden(error: unknown): boolean {
  return isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM'
}
