/** First module of a worker thread. */
import { parentPort, workerData } from 'node:worker_threads'

import { builtinModule } from '../../os/builtin-module.ts'
import { ownThread } from '../../os/thread-state.ts'
import { encodeError } from '../error-codec.ts'
import { copyOnce } from '../large-data/copy-once.ts'
import { MemoryMarks } from '../marks.ts'
import type { Envelope, FromWorker, ToWorker, WorkerSetup } from '../protocol.ts'
import type { Transferable } from '../worker.ts'
import { TaskLoop } from './task-loop.ts'

/** What `thread.ts` hands over. */
export interface ThreadData {
  readonly setup: WorkerSetup
  readonly marks: SharedArrayBuffer
  readonly key: number
}

if (!parentPort)
  throw new Error('This is the entry of a tidypool thread; it is started by a ThreadExecutor.')
const port = parentPort
const { setup, key, ...data } = workerData as ThreadData
const marks = new MemoryMarks(data.marks)

function post(message: FromWorker, transfer?: readonly Transferable[]): undefined {
  const copied = transfer && transfer.length > 0 ? undefined : copyOnce(message)
  if (copied) port.postMessage([key, copied.message] satisfies Envelope, copied.transfer)
  else port.postMessage([key, message] satisfies Envelope, transfer)
}

post({ type: 'loaded' })

const loop = new TaskLoop({ marks, post, memory: isolateBytes, sharesThread: false }, setup)

/** The resident memory of the process says nothing of one thread. Memory that native code takes for itself is not seen. */
function isolateBytes(): number {
  const { getHeapStatistics } = builtinModule('node:v8') // not asked for by most
  const { total_heap_size, external_memory, malloced_memory } = getHeapStatistics()
  return total_heap_size + external_memory + malloced_memory
}

process.on('exit', (exitCode) => {
  marks.end()
  loop.flushNow()
  post({ type: 'exiting', exitCode })
})

try {
  await loop.initialize()
  port.on('message', (message: ToWorker) => {
    if (message.type === 'run') loop.run(message)
    else if (message.type === 'cancel') loop.cancel(message.seq, message.reason)
    else if (message.type === 'ping') loop.answer(message.id)
    else if (message.type === 'stop') process.exit(0)
  })
  // Calls that did not arrive whole: their owner waits for them until this thread ends.
  port.on('messageerror', (error) => {
    post({ type: 'uncaught', error: encodeError(error) })
    process.exit(1)
  })
  post({ type: 'ready', tid: ownThread()?.tid, bytes: loop.memory() })
} catch (error) {
  post({
    type: 'unready',
    error: encodeError(error instanceof Error ? error : new Error(String(error))),
  })
  process.exit(1)
}
