import { readFileSync } from 'node:fs'

/** Numbers of the signals that this process ignores now; none where the kernel does not say. */
export function ignoredSignals(): Set<number> {
  let status: string
  try {
    status = readFileSync('/proc/self/status', 'latin1')
  } catch {
    return new Set() // no /proc
  }
  const mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  const ignored = new Set<number>()
  for (let signal = 1; signal <= 64; signal++) {
    if ((mask >> BigInt(signal - 1)) & 1n) ignored.add(signal)
  }
  return ignored
}
