import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/**
 * How many tasks can really run at once: the processors that we may use, within the quota of the control groups we are in.
 * A container with `--cpus 2` on 64 processors gets 2 here, where `os.availableParallelism()` says 64 on older Nodes.
 */
export function availableParallelism(): number {
  const quota = process.platform === 'linux' ? cgroupQuota() : Infinity
  return Math.max(1, Math.min(os.availableParallelism(), Math.ceil(quota)))
}

/** Processors that the control groups of this process allow, Infinity without a limit. */
export function cgroupQuota(read: (file: string) => string | undefined = readIfThere): number {
  let quota = Infinity
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    // Version 2 is the one line "0::/path"; version 1 names its controllers.
    const [, controllers, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === undefined || group === undefined) continue
    for (const directory of withParents(group)) {
      if (controllers === '') {
        quota = Math.min(quota, ratio(read(path.join('/sys/fs/cgroup', directory, 'cpu.max'))))
      } else if (controllers.split(',').includes('cpu')) {
        const folder = path.join('/sys/fs/cgroup/cpu', directory)
        const limit = read(path.join(folder, 'cpu.cfs_quota_us'))?.trim()
        quota = Math.min(quota, ratio(`${limit} ${read(path.join(folder, 'cpu.cfs_period_us'))}`))
      }
    }
  }
  return quota
}

/** A limit of any group above holds as well. Inside a container the path may be the host's: then only `/` is there. */
function withParents(group: string): string[] {
  const found = [group]
  while (found.at(-1) !== '/' && found.at(-1) !== '.') found.push(path.dirname(found.at(-1) ?? '/'))
  return found
}

/** `"max 100000"`, `"150000 100000"`, and -1 for no limit in version 1. */
function ratio(text: string | undefined): number {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number)
  return quota !== undefined && period !== undefined && quota > 0 && period > 0
    ? quota / period
    : Infinity
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // this version of control groups, or this group, is not mounted here
  }
}
