/** Numbers and times as people read them. */

export function number(count: number): string {
  return count.toLocaleString('en-US')
}

export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`
}

/** `12ms`, `3.4s`, `2m05s`, `3h20m` */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)}ms`
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`
  const minutes = Math.floor(Math.round(ms / 1000) / 60)
  if (minutes < 60) return `${minutes}m${pad(Math.round(ms / 1000) % 60)}s`
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`
}

function pad(count: number): string {
  return String(count).padStart(2, '0')
}

/** `32 B`, `1.5 KiB`, `24 GiB` */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(unit === 0 || value >= 10 ? 0 : 1)} ${units[unit]}`
}

/** Also one line: a name may hold newlines and colours. */
export function shorten(text: string, width: number): string {
  // oxlint-disable-next-line no-control-regex -- taking them out is the point
  const plain = text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '�')
  return plain.length > width ? `${plain.slice(0, Math.max(1, width - 1))}…` : plain
}
