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

/** `4 KiB`, `1.5 GiB` */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const amount = bytes / 1024 ** step
  return `${amount < 10 && step > 0 ? Number(amount.toFixed(1)) : Math.round(amount)} ${units[step]}`
}

function pad(count: number): string {
  return String(count).padStart(2, '0')
}

/** Also one line: a name may hold newlines and colours. */
export function shorten(text: string, width: number): string {
  // oxlint-disable-next-line no-control-regex -- taking them out is the point
  const plain = text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '�')
  return plain.length > width ? `${plain.slice(0, Math.max(1, width - 1))}…` : plain
}
