import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { errorCode, isGoneError, isSame, type ProcessIdentity } from '../os/process-identity.ts'
import { fileIdentity } from '../os/remove-tree.ts'
import { cleanUpStep, warnOnce } from './events.ts'
import { encodePath } from './journal-format.ts'

/** What tells a file from another one. */
export interface FileNumbers {
  readonly dev: number
  readonly ino: number
}

/** Something right below `/dev/shm`. */
export interface NamedObject extends FileNumbers {
  readonly name: string
}

/** A journal that has grown by this much, and to twice its size, is rewritten with what is still there. */
const linesBeforeRewrite = 2000

/**
 * The record of what a scope holds, on disk before it is held.
 *
 * An append is one synchronous `write` to a file opened with O_APPEND: it is in the kernel when the call returns, so
 * that SIGKILL a moment later cannot take it back (power loss can, but then the processes are gone as well). What has
 * gone is simply not found: a process is identified by its start time and a directory by its inode. The end of a process
 * is recorded for its group's sake, which has no start time: the guardian ends the groups of leaders that had not ended.
 */
export class Journal {
  readonly path: string
  #fd: number
  #lines = 0
  /** Where it is rewritten next. */
  #rewriteAt = linesBeforeRewrite
  /** After a write that failed half way the next record begins on a new line. */
  #torn = false
  readonly #facts: string[] = []
  readonly #executors = new Map<string, string>()
  readonly #processes = new Map<string, ProcessIdentity>()
  readonly #objects = new Map<string, NamedObject>()

  private constructor(file: string, fd: number) {
    this.path = file
    this.#fd = fd
  }

  /** Creates the journal. @throws when the file cannot be made or nothing can be written to it. */
  static create(file: string, firstLines: readonly string[]): Journal {
    const fd = openSync(file, 'ax', 0o600)
    const journal = new Journal(file, fd)
    try {
      journal.#facts.push(...firstLines)
      journal.#write(firstLines)
    } catch (error) {
      closeSync(fd)
      unlinkSync(file)
      throw error
    }
    return journal
  }

  /** Records a process before its user code may start. @returns whether it is written. */
  recordProcess(identity: ProcessIdentity): boolean {
    this.#processes.set(`${identity.pid}-${identity.startTime}`, identity)
    return this.#append(`p ${identity.pid} ${identity.startTime}`)
  }

  /** Records that nothing is left of a process's session. */
  recordEnd(identity: ProcessIdentity): void {
    if (!this.#processes.delete(`${identity.pid}-${identity.startTime}`)) return
    this.#append(`e ${identity.pid} ${identity.startTime}`)
  }

  /** @returns whether it is written. */
  recordGuardian(identity: ProcessIdentity): boolean {
    return this.#fact(`g ${identity.pid} ${identity.startTime}`)
  }

  /** Announces a directory, before it is made. */
  intendDirectory(directory: string): void {
    this.#fact(`d ${encodePath(directory)}`)
  }

  /** Says which directory was made: from now on it is removed with all that is in it. @returns whether it is written. */
  recordDirectory(directory: string, dev: bigint, inode: bigint): boolean {
    return this.#fact(`i ${dev} ${inode} ${encodePath(directory)}`)
  }

  /** Announces a control group, before it is made. @returns whether it is written. */
  intendControlGroup(folder: string): boolean {
    return this.#fact(`c ${encodePath(folder)}`)
  }

  /** Says that something in `/dev/shm` was made by our processes, and goes with them unless others use it. */
  recordObject({ dev, ino, name }: NamedObject): void {
    const line = `s ${dev} ${ino} ${encodePath(name)}`
    if (this.#objects.has(line)) return
    this.#objects.set(line, { dev, ino, name })
    this.#append(line)
  }

  /** Says that it has gone, or stays. */
  forgetObject({ dev, ino }: FileNumbers): void {
    const lines = [...this.#objects].filter(([, one]) => one.dev === dev && one.ino === ino)
    for (const [line] of lines) this.#objects.delete(line)
    if (lines.length > 0) this.#append(`t ${dev} ${ino}`)
  }

  /** Tells other threads of an executor of this one; what is noted last of an id counts. */
  noteExecutor(id: string, text: string): void {
    this.#executors.set(id, text)
    this.#append(`x + ${id} ${text}`)
  }

  /** Tells other threads that it is no more. */
  forgetExecutor(id: string): void {
    if (this.#executors.delete(id)) this.#append(`x - ${id}`)
  }

  /** Whether the file is still the one we write to. A cleaner of temporary files may have taken it. */
  isInPlace(): boolean {
    try {
      return statSync(this.path).ino === fstatSync(this.#fd).ino
    } catch (error) {
      if (isGoneError(error)) return false
      throw error
    }
  }

  /** Keeps cleaners of old temporary files (systemd-tmpfiles) away while the owner lives. */
  touch(): void {
    const now = Date.now() / 1000
    utimesSync(this.path, now, now)
  }

  /** Writes a new file with what is still held and puts it into the place of the old one. */
  rewrite(): void {
    for (const [key, identity] of this.#processes) {
      if (!isSame(identity)) this.#processes.delete(key)
    }
    for (const [line, object] of this.#objects) {
      if (!isThere(object)) this.#objects.delete(line)
    }
    const lines = [
      ...this.#facts,
      ...this.#objects.keys(),
      ...Array.from(this.#executors, ([id, text]) => `x + ${id} ${text}`),
      ...Array.from(this.#processes.values(), ({ pid, startTime }) => `p ${pid} ${startTime}`),
    ]
    const unfinished = `${this.path}+`
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    const fd = openSync(unfinished, 'w', 0o600)
    const old = this.#fd
    try {
      this.#fd = fd
      this.#torn = false
      this.#write(lines)
      // Whoever dies here leaves the old file or the new one, and both are complete.
      renameSync(unfinished, this.path)
    } catch (error) {
      this.#fd = old
      closeSync(fd)
      unlinkSync(unfinished)
      throw error
    }
    closeSync(old)
    this.#lines = lines.length
    this.#rewriteAt = linesBeforeRewrite + 2 * lines.length
  }

  /** Says that nothing is held any more: a guardian that finds no journal touches nothing. @throws when it stays. */
  remove(): void {
    try {
      unlinkSync(this.path)
    } catch (error) {
      if (!isGoneError(error)) throw error
    } finally {
      closeSync(this.#fd)
    }
  }

  /** The folder that the journals of this boot and pid namespace share. */
  get folder(): string {
    return path.dirname(this.path)
  }

  #fact(line: string): boolean {
    this.#facts.push(line)
    return this.#append(line)
  }

  /** Never throws: with a full or read-only disk work goes on, and the levels that need no journal still hold. */
  #append(line: string): boolean {
    try {
      this.#write([line])
    } catch (error) {
      this.#torn = true
      warnOnce(
        'TIDYPOOL_JOURNAL_WRITE',
        `tidypool cannot write to its journal ${this.path} (${errorCode(error) ?? String(error)}). What is started now still ends with this process, but temporary directories may stay if it is killed.`,
      )
      return false
    }
    if (this.#lines >= this.#rewriteAt) this.#rewriteLater()
    return true
  }

  #rewriteLater(): void {
    try {
      this.rewrite()
    } catch (error) {
      // The long journal is as true as the short one would be; try again when it has grown by as much.
      cleanUpStep('journal not rewritten', { path: this.path, error: String(error) })
      this.#rewriteAt = this.#lines + linesBeforeRewrite
    }
  }

  #write(lines: readonly string[]): void {
    const text = `${this.#torn ? '\n' : ''}${lines.join('\n')}\n`
    const bytes = Buffer.from(text, 'latin1')
    // A disk that fills up writes a part of it: that record is torn.
    if (writeSync(this.#fd, bytes) !== bytes.length) throw new Error('only a part was written')
    this.#torn = false
    this.#lines += lines.length
  }
}

function isThere({ dev, ino, name }: NamedObject): boolean {
  const now = fileIdentity(path.join('/dev/shm', name))
  return now?.dev === BigInt(dev) && now.ino === BigInt(ino)
}
