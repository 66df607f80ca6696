/** What `/proc/net` tells of sockets, by their inode: what is behind a descriptor that only reads `socket:[4711]`. */
import { readShown } from './shown.ts'

export interface SocketSummary {
  readonly protocol: 'TCP' | 'UDP' | 'Unix'
  /** Address and port, or a path; '' for none. */
  readonly local: string
  /** '' while there is no other side, and for Unix sockets. */
  readonly remote: string
  readonly isListening: boolean
}

const listening = { tcp: '0A', unix: '00010000' } as const

/** The sockets of our network namespace; empty where nothing tells of them. */
export function socketsByInode(): ReadonlyMap<number, SocketSummary> {
  return new Map([
    ...inetSockets('TCP', 'tcp'),
    ...inetSockets('TCP', 'tcp6'),
    ...inetSockets('UDP', 'udp'),
    ...inetSockets('UDP', 'udp6'),
    ...unixSockets(),
  ])
}

function inetSockets(protocol: 'TCP' | 'UDP', file: string): [number, SocketSummary][] {
  return rowsOf(file).map((row) => {
    const [, local = '', remote = '', state, , , , , , inode] = row
    const other = /^0+:0000$/.test(remote) ? '' : addressOf(remote)
    const isListening = protocol === 'TCP' && state === listening.tcp
    return [Number(inode), { protocol, local: addressOf(local), remote: other, isListening }]
  })
}

function unixSockets(): [number, SocketSummary][] {
  return rowsOf('unix').map((row) => {
    const [, , , flags, , , inode, ...name] = row
    const isListening = flags === listening.unix
    return [Number(inode), { protocol: 'Unix', local: name.join(' '), remote: '', isListening }]
  })
}

function rowsOf(file: string): string[][] {
  // No IPv6, no /proc, or hidden from us: then a socket is named by its number.
  const [, ...lines] = readShown(`/proc/self/net/${file}`).trimEnd().split('\n')
  return lines.map((line) => line.trim().split(/\s+/))
}

/** `0100007F:1F90` is 127.0.0.1:8080: words of four bytes, in the order of this machine. */
function addressOf(text: string): string {
  const [hex = '', port = ''] = text.split(':')
  const bytes = Buffer.concat(
    (hex.match(/.{8}/g) ?? []).map((word) => {
      const buffer = Buffer.alloc(4)
      // Every platform of Node on Linux but s390x has the low byte first.
      if (isLittleEndian) buffer.writeUInt32LE(Number.parseInt(word, 16))
      else buffer.writeUInt32BE(Number.parseInt(word, 16))
      return buffer
    }),
  )
  const address = bytes.length === 4 ? bytes.join('.') : `[${ipv6Of(bytes)}]`
  return `${address}:${Number.parseInt(port, 16)}`
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function ipv6Of(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  return words.join(':').replace(/(?:^|:)0(?::0)+(?:$|:)/, '::')
}
