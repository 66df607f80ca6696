/** What a worker takes from the operating system, by kind: measured with Node 20 to 26 on Linux. */
export interface Amounts {
  /** Processes and threads: each thread counts. */
  readonly processes: number
  /** Descriptors of the owner. */
  readonly descriptors: number
  readonly memoryBytes: number
}

export interface WorkerNeeds {
  /** To get ready. Below this a start is certain to fail. */
  readonly least: Amounts
  /** When it runs tasks that use files and the network. */
  readonly usual: Amounts
}

const MiB = 2 ** 20

/** Up to Node 20 modules are loaded with libuv's threads, and a Node that cannot start these aborts. */
const toLoad = Number(process.versions.node.split('.')[0]) < 22 ? 4 : 0

/**
 * Node's main thread, four of V8, the inspector's and one for delayed tasks; the four that libuv starts for files, names and
 * compression; one to spare. In the owner, pipes for messages and stderr and three unnamed files, more of the pipes while it
 * is spawned. Memory without the pages of Node's program, which all workers share: 9 to 11 MiB before the first task.
 */
export const PROCESS_NEEDS: WorkerNeeds = {
  least: { processes: 7 + toLoad, descriptors: 10, memoryBytes: 12 * MiB },
  usual: { processes: 12, descriptors: 12, memoryBytes: 48 * MiB },
}

/** One thread: those of V8 and libuv are shared. Four descriptors for its event loop, more while it loads. */
export const THREAD_NEEDS: WorkerNeeds = {
  least: { processes: 1, descriptors: 6, memoryBytes: 8 * MiB },
  usual: { processes: 1, descriptors: 8, memoryBytes: 16 * MiB },
}
