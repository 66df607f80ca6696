/** Calls of the operating system that Node does not have, through koffi, which is an optional package. */
import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'

export interface NativeCalls {
  /** Has orphaned descendants become our children. @returns whether it could be had. */
  becomeSubreaper(): boolean
  /**
   * The first bytes of an open file, as memory that is shared with everyone who reads or writes it. It is never unmapped.
   * @throws when the file cannot be mapped.
   */
  mapShared(fd: number, bytes: number): ArrayBuffer
  /** Takes the exit status of one child, if it has ended. Never of a child that Node waits for. */
  reap(pid: number): void
}

const PR_SET_CHILD_SUBREAPER = 36
const WNOHANG = 1
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 0xffff_ffff_ffff_ffffn

let calls: NativeCalls | { readonly refused: string } | undefined

/** Loads them once; what stands against it otherwise. */
export function nativeCalls(): NativeCalls | { readonly refused: string } {
  calls ??= load()
  return calls
}

function load(): NativeCalls | { readonly refused: string } {
  if (process.platform !== 'linux') return { refused: 'these calls are used on Linux alone' }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
    const libc = koffi.load(null)
    const prctl = libc.func(
      'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
    )
    const waitpid = libc.func('int waitpid(int, void *, int)')
    const mmap = libc.func('void *mmap(void *, size_t, int, int, int, int64_t)')
    return {
      becomeSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
      mapShared: (fd, bytes) => {
        const address: unknown = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
        if (address === null || koffi.address(address) === MAP_FAILED)
          throw new Error('the file cannot be mapped')
        return koffi.view(address, bytes)
      },
      reap: (pid) => void waitpid(pid, null, WNOHANG),
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'MODULE_NOT_FOUND') return { refused: 'the package koffi is not installed' }
    return {
      refused: `koffi cannot be used (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}
