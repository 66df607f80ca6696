/** Sizes as people write them: `512MiB`, `1.5G`. A number without a unit is refused, not guessed at. */
import { OptionError } from '../errors.ts'

/** `M` is that of `docker --memory` and systemd: 1024 times 1024. */
const units: ReadonlyMap<string, number> = new Map([
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
])

/** Bytes of a size with a unit. @throws {OptionError} when it has none, an unknown one, or is below `leastBytes`. */
export function parseSize(option: string, text: string, leastBytes: number): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? []
  const factor = units.get(unit.toLowerCase())
  const bytes = factor === undefined ? Number.NaN : Math.round(Number(number) * factor)
  if (!(bytes >= leastBytes && Number.isSafeInteger(bytes))) {
    const least = `from ${leastBytes / 2 ** 20}MiB`
    throw new OptionError(
      option,
      text,
      `a size with a unit (KiB, MiB, GiB, KB, MB, GB, or K, M, G for 1024), ${least}`,
    )
  }
  return bytes
}
