/** Calls of the operating system that Node does not have, through koffi, which is an optional package. */
import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'

export interface NativeCalls {
  /** Has orphaned descendants become our children. @returns whether it could be had. */
  becomeSubreaper(): boolean
  /** Takes the exit status of one child, if it has ended. Never of a child that Node waits for. */
  reap(pid: number): void
}

const PR_SET_CHILD_SUBREAPER = 36
const WNOHANG = 1

let calls: NativeCalls | { readonly refused: string } | undefined

/** Loads them once; what stands against it otherwise. */
export function nativeCalls(): NativeCalls | { readonly refused: string } {
  calls ??= load()
  return calls
}

function load(): NativeCalls | { readonly refused: string } {
  if (process.platform !== 'linux') return { refused: 'only Linux has subreapers' }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
    const libc = koffi.load(null)
    const prctl = libc.func(
      'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
    )
    const waitpid = libc.func('int waitpid(int, void *, int)')
    return {
      becomeSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
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
