/** Unix sockets that have a name in the file system, as the kernel lists them for our network namespace. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { ifShown } from './shown.ts'

/** A socket that waits for others to connect. */
export interface ListeningSocket {
  /** Number of the socket itself, which is not that of its file. */
  readonly id: number
  readonly path: string
}

/** Those with an absolute path. A name may outlive its socket, and hold another one by now. */
export function listeningSockets(): ListeningSocket[] {
  return parseUnixSockets(ifShown('', () => readFileSync('/proc/net/unix', 'utf8')))
}

/** Reads `/proc/net/unix`: number, references, protocol, flags, type, state, inode, path. */
export function parseUnixSockets(table: string): ListeningSocket[] {
  // Flag 0x10000 (__SO_ACCEPTCON): it listens. Abstract names begin with @.
  const line = /^[0-9a-f]+: \S+ \S+ 00010000 \S+ \S+ +(\d+) (\/.*)$/gim
  return Array.from(table.matchAll(line), ([, id, file = '']) => ({ id: Number(id), path: file }))
}

/** The sockets that a process has open, by number; nothing when it has ended or does not show them. */
export function socketsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fd`
  return ifShown([], () => readdirSync(folder)).flatMap((entry) => {
    const link = ifShown('', () => readlinkSync(`${folder}/${entry}`))
    const id = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    return id === undefined ? [] : [Number(id)]
  })
}
