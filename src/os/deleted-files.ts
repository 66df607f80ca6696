import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { ifShown } from './shown.ts'

/** A file without a name: it takes room until the last process that has it open closes it. */
export interface DeletedFile {
  /** The name it had. */
  readonly path: string
  /** What it takes. */
  readonly bytes: number
}

/** The files that a process has open and that have no name any more; memory that never had one is not among them. */
export function deletedFilesOf(pid: number): DeletedFile[] {
  const found = new Map<string, DeletedFile>()
  for (const descriptor of ifShown([], () => readdirSync(`/proc/${pid}/fd`))) {
    const link = `/proc/${pid}/fd/${descriptor}`
    const name = /^(\/.*) \(deleted\)$/.exec(ifShown('', () => readlinkSync(link)))?.[1]
    if (name === undefined || name.startsWith('/memfd:')) continue
    const stat = ifShown(undefined, () => statSync(link))
    // Not a file that is really called so.
    if (!stat?.isFile() || stat.nlink > 0) continue
    found.set(`${stat.dev}:${stat.ino}`, { path: name, bytes: stat.blocks * 512 })
  }
  return [...found.values()]
}
