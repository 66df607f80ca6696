import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Where a process number means something: this boot of this kernel, in this pid namespace. It names the folder of a
 * journal, so that no record is ever applied to a process of another boot or container.
 */
export function processWorld(): string {
  return `${bootId()}-${pidNamespace()}`
}

/** The kernel's random id of this boot, or `noboot` where there is none. */
export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.replace(/[^0-9a-f-]/g, '') || 'noboot'
}

/** The inode number of our pid namespace, or `nons`. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 'nons'
  } catch {
    return 'nons' // no /proc, or not Linux: every process is then of one world
  }
}

/** A digest that tells this machine from another one with which a state directory may be shared. */
export function machineId(): string {
  const own = read('/etc/machine-id') || read('/var/lib/dbus/machine-id') || hostname()
  return createHash('sha256').update(own).digest('hex').slice(0, 16)
}

/** Seconds since 1970 at which this kernel booted; 0 when unknown. */
export function bootTime(): number {
  return Number(/^btime (\d+)$/m.exec(read('/proc/stat') ?? '')?.[1] ?? 0)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined // not on this platform, or not shown to us: the caller names what stands in for it
  }
}
