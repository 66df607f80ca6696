/**
 * What a command left besides processes, looked at when its tree is empty: shared memory, System V objects, sockets,
 * temporary files, deleted files that somebody keeps open.
 *
 * Removed is only what is known to be the command's and used by nobody. Everything else stays, and is named with the reason;
 * what belongs to others who live is not mentioned.
 */
import type { Scope } from '../lifetime/scope.ts'
import { sweepNested } from '../lifetime/sweep.ts'
import { readStat, type ProcessStat } from '../os/process-identity.ts'
import { deletedFiles } from './object-deleted-files.ts'
import { Lives } from './object-lives.ts'
import { auditSharedMemory } from './object-shared-memory.ts'
import { SocketWatch } from './object-sockets.ts'
import { SystemVWatch } from './object-system-v.ts'
import { TemporaryDirectory } from './object-temporary-directory.ts'
import type { Sighting, WatchedCommand } from './object-attribution.ts'
import { ObjectWatch } from './object-watch.ts'

/** Something that a command left. */
export interface LeftObject {
  readonly kind:
    | 'semaphore'
    | 'shared memory'
    | 'joblib folder'
    | 'System V segment'
    | 'System V semaphores'
    | 'System V queue'
    | 'socket'
    | 'temporary file'
    | 'deleted file'
  readonly name: string
  /** What it takes, or took, of memory or disk. */
  readonly bytes: number
  readonly how: 'removed' | 'reported'
  /** By what it is known to be the command's, or why it is not removed. */
  readonly why: string
  /** Whether it is known to be the command's; false: it appeared meanwhile, and may be anybody's. */
  readonly attributed: boolean
  /** Whether it is the command's and should not be there: what others use, or who may stay, is no leak. */
  readonly leaked: boolean
}

/** A process of the command that goes on. */
export interface Staying {
  readonly pid: number
  readonly name: string
  readonly how: string
}

/** What an audit goes by. */
export interface AuditOptions {
  /** False: nothing is removed. */
  readonly clean: boolean
  /** What it uses stays. */
  readonly staying: readonly Staying[]
}

/** What looks at the processes of a command. */
export interface Tree {
  look(): readonly ProcessStat[]
}

/** What is wanted of the command's objects. */
export interface ObjectPlan {
  readonly clean: boolean
  /** What the command shall find in its environment. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Whether it gets a temporary directory of its own, which goes with it. */
  readonly temporaryDirectory?: boolean
}

/** One for all commands that this process supervises. */
const sharedMemory: ObjectWatch = new ObjectWatch()

/** The objects of one command, from before its start to its end. */
export class CommandObjects implements WatchedCommand {
  readonly lives: Lives = new Lives()
  /** The environment of the command; undefined when nothing is changed in what was planned. */
  readonly env: NodeJS.ProcessEnv | undefined
  readonly #scope: Scope
  readonly #clean: boolean
  readonly #systemV = new SystemVWatch(this)
  readonly #sockets: SocketWatch
  readonly #temporary: TemporaryDirectory | undefined
  #tree: Tree | undefined

  /** To be made before the command starts: what there is now is not its own. */
  constructor(scope: Scope, { clean, env = process.env, temporaryDirectory }: ObjectPlan) {
    this.#scope = scope
    this.#clean = clean
    this.#temporary = temporaryDirectory ? new TemporaryDirectory(scope) : undefined
    this.env = this.#temporary ? { ...env, ...this.#temporary.variables } : undefined
    this.#sockets = new SocketWatch(this, this.#temporary ? [] : temporaryDirectoriesOf(env))
    sharedMemory.join(this)
  }

  /** The command has started. */
  follow(tree: Tree, pid: number): void {
    this.#tree = tree
    // It may have ended before the first look: until it is reaped it can be seen all the same.
    const root = readStat(pid)
    if (root) this.lives.see([root])
    sharedMemory.prefer(pid)
  }

  /** Tells who runs, now and then. */
  see(members: readonly ProcessStat[]): void {
    this.lives.see(members)
    this.#systemV.look()
    this.#sockets.look()
    sharedMemory.poll()
  }

  /** Looks at all that can be known only while the processes are there. Call it before they are ended. */
  look(): void {
    this.#systemV.lookAtAll()
    this.#sockets.lookAtAll()
    sharedMemory.look()
  }

  refresh(): void {
    if (this.#tree) this.lives.see(this.#tree.look())
  }

  onOwn({ object }: Sighting): void {
    if (this.#clean) this.#scope.recordObject(object)
  }

  onDoubt({ object }: Sighting): void {
    this.#scope.forgetObject(object)
  }

  /** Removes what is the command's, and names what stays. Call it when the command's tree has ended. */
  async audit(staying: readonly Staying[]): Promise<LeftObject[]> {
    const options = { clean: this.#clean, staying }
    const left = await auditSharedMemory(this, sharedMemory, options)
    for (const { object } of sharedMemory.ownedBy(this)) this.#scope.forgetObject(object)
    // What it names is known by now.
    if (this.#clean) await sweepNested(this.#scope.id)
    return [
      ...left,
      ...this.#systemV.audit(options),
      ...this.#sockets.audit(options),
      ...((await this.#temporary?.remove()) ?? []),
      ...deletedFiles(staying),
    ]
  }

  /** The command did not start, or had namespaces of its own, and what it made is gone with them. */
  async abandon(): Promise<LeftObject[]> {
    this.close()
    return (await this.#temporary?.remove()) ?? []
  }

  /** No more is wanted. Safe to repeat. */
  close(): void {
    sharedMemory.leave(this)
  }
}

/** Where programs with this environment make temporary files. */
function temporaryDirectoriesOf(env: NodeJS.ProcessEnv): string[] {
  return [env['TMPDIR'], env['TMP'], env['TEMP'], '/tmp'].flatMap((folder) => folder || [])
}
