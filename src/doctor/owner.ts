/** Names of users, without asking a name service: that may take seconds, or hang, on the machine that is being looked at. */
import { readFileSync } from 'node:fs'
import type { Owner } from './finding.ts'

let names: ReadonlyMap<number, string> | undefined

export function ownerOf(uid: number): Owner {
  names ??= readNames()
  return { uid, user: names.get(uid) ?? String(uid) }
}

/** Whether it is ours to remove. Root may remove everything, and is asked to leave what is another user's all the same. */
export function isOurs({ uid }: Pick<Owner, 'uid'>): boolean {
  return uid === process.getuid?.()
}

function readNames(): ReadonlyMap<number, string> {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    return new Map(
      lines.flatMap((line): [number, string][] => {
        const [name = '', , uid = ''] = line.split(':')
        return /^\d+$/.test(uid) ? [[Number(uid), name]] : []
      }),
    )
  } catch {
    return new Map() // numbers do as well
  }
}
