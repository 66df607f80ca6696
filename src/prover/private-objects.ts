import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isGoneError } from '../os/process-identity.ts'
import { listSharedMemory } from '../os/shared-memory.ts'
import { parseSystemV } from '../os/system-v.ts'
import type { Leftover } from './leftover.ts'
import { inMemory, inSystemV, type ObjectWatch } from './object-watch.ts'

const directory = '/dev/shm'
const attachWindowMs = 5000
/** Without `--fork`: the process stays the same, and signals and its exit status are the command's own. */
const prefix: readonly string[] = [
  'unshare',
  '--mount',
  '--ipc',
  '/bin/sh',
  '-c',
  `mount -t tmpfs -o mode=1777 tidypool ${directory} && exec "$@"`,
  'tidypool',
]
const tables = ['shm', 'sem', 'msg'] as const

/** Why a run cannot have `/dev/shm` and System V objects for itself here; undefined when it can. */
export function whyNotPrivate(): string | undefined {
  const check = `grep -q tidypool /proc/self/mounts && nsenter --ipc=/proc/self/ns/ipc true`
  const [, ...args] = [...prefix, '/bin/sh', '-c', check]
  const { error, status, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 5000 })
  if (error) return error.message
  if (status === 0) return undefined
  const [said = ''] = stderr.trim().split('\n')
  return said === '' ? `unshare ended with ${status}` : said
}

/**
 * The run has a `/dev/shm` and an ipc namespace of its own: whatever is in there is its own, without a doubt, and goes with its
 * last process. We hold both by a descriptor, to see what it left.
 */
export class PrivateObjects implements ObjectWatch {
  readonly prefix: readonly string[] = prefix
  #memory: number | undefined
  #ipc: number | undefined

  /** Waits for the mount. @throws when it does not come. */
  async attach(pid: number): Promise<void> {
    const outside = statSync(directory).dev
    const inside = `/proc/${pid}/root${directory}`
    const startedAt = performance.now()
    while (statSync(inside).dev === outside) {
      if (performance.now() - startedAt > attachWindowMs)
        throw new Error(`process ${pid} has got no ${directory} of its own`)
      await delay(1)
    }
    this.#memory = openSync(inside, constants.O_RDONLY | constants.O_DIRECTORY)
    this.#ipc = openSync(`/proc/${pid}/ns/ipc`, 'r')
  }

  look(): void {}

  left(): readonly Leftover[] {
    const memory =
      this.#memory === undefined ? [] : listSharedMemory(`/proc/self/fd/${this.#memory}`)
    return [...memory.map(inMemory), ...this.#systemV()]
  }

  unattributed(): number {
    return 0
  }

  /** With the last descriptor the kernel frees it all. */
  async remove(): Promise<readonly string[]> {
    this[Symbol.dispose]()
    return []
  }

  [Symbol.dispose](): void {
    for (const descriptor of [this.#memory, this.#ipc]) {
      if (descriptor !== undefined) closeSync(descriptor)
    }
    this.#memory = this.#ipc = undefined
  }

  /** The kernel shows the tables of whoever reads them. */
  #systemV(): Leftover[] {
    if (this.#ipc === undefined) return []
    const files = tables.map((table) => `/proc/sysvipc/${table}`)
    const { error, stdout } = spawnSync('nsenter', ['--ipc=/proc/self/fd/3', 'cat', ...files], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore', this.#ipc],
    })
    if (error) {
      if (isGoneError(error)) return []
      throw error
    }
    // Each table begins with the names of its columns, the first of which is always the key.
    const texts = stdout.split(/^(?=\s+key\s)/m)
    return tables.flatMap((kind, at) => parseSystemV(kind, texts[at] ?? '').map(inSystemV))
  }
}
