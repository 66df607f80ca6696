import path from 'node:path'
import type { ProcessIdentity } from '../os/process-identity.ts'

// The words of a journal, written by journal.ts and read by clean-up-script.ts (in sh) and journal-reader.ts:
//
//   m MACHINE          digest of the machine       o TTY              controlling terminal of the owner
//   n SCOPE            a scope that the owner was started in
//   g PID START        the guardian                p PID START        a process we started, leader of its session
//   e PID START        that process has ended, and what was left in its session with it
//   d PATH             about to make a directory   i DEV INODE PATH   made it
//   c PATH             about to make a control group (a folder of cgroupfs)
//   s DEV INODE NAME   in /dev/shm, made by our processes          t DEV INODE   it is not to be removed any more
//   x + ID KIND STATE NAME / x - ID                an executor, for activeExecutors({ process: true }) alone
//
// A line counts only when its newline is there: a torn last line was never acted upon, because each record is
// written before what it announces.

/** Whose journal it is: everything that is needed when not even the first line was written. */
export interface JournalOwner extends ProcessIdentity {
  readonly scope: string
}

/** Extension with the version of the format. Journals of another version are listed, and left to the one who knows them. */
export const journalExtension = '.v1'

/** The file name of a journal: it says whose it is, so that an empty file can be attributed too. */
export function journalName(owner: JournalOwner): string {
  return `${owner.pid}-${owner.startTime}-${owner.scope}${journalExtension}`
}

/** A journal's file name, taken apart. */
export interface JournalName extends JournalOwner {
  /** Who is replaying it: `FILE~PID-START`. */
  readonly claimant: ProcessIdentity | undefined
  /** Left by an owner that died while it rewrote its journal: `FILE+`. */
  readonly unfinished: boolean
}

/** Takes a file name apart; undefined when it is no journal of this version. */
export function parseJournalName(name: string): JournalName | undefined {
  const match = /^([1-9]\d*)-(\w+)-([0-9a-f]{32})\.v1(?:(\+)|~([1-9]\d*)-(\w+))?$/.exec(name)
  if (!match) return undefined
  const [, pid, startTime = '', scope = '', unfinished, claimantPid, claimantStart = ''] = match
  return {
    pid: Number(pid),
    startTime,
    scope,
    unfinished: unfinished !== undefined,
    claimant:
      claimantPid === undefined
        ? undefined
        : { pid: Number(claimantPid), startTime: claimantStart },
  }
}

/** Writes a path so that it has no space and no newline: what is not plain becomes `\0ooo`, as `printf %b` reads it. */
export function encodePath(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9/._-]/.test(character)
      ? character
      : `\\0${byte.toString(8).padStart(3, '0')}`
  }
  return encoded
}

/** The opposite of `encodePath`. */
export function decodePath(encoded: string): string {
  const bytes: number[] = []
  for (const [part, octal] of encoded.matchAll(/\\0([0-7]{3})|[^]/g)) {
    bytes.push(octal === undefined ? part.charCodeAt(0) : Number.parseInt(octal, 8))
  }
  return Buffer.from(bytes).toString()
}

/** The one directory of a scope: all its temporary files live below it, so that one record covers them. */
export function rootName(scope: string): string {
  return `tidypool-${scope.slice(0, 12)}`
}

/** Where the directory of a scope is put, below `parent`. */
export function rootPath(parent: string, scope: string): string {
  return path.join(path.resolve(parent), rootName(scope))
}
