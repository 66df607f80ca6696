/**
 * First module of a worker process. It runs no user code until its owner says so, and ends when the channel to
 * its owner closes. A loop that never lets it see that is ended from outside: by the kernel's parent-death
 * signal, the watchdog thread, or the guardian (docs/clean-up.md).
 */
import { startWatchdog } from '../../lifetime/watchdog.ts'
import { offerToMemoryKiller } from '../../os/memory-killer.ts'
import { ownThread } from '../../os/thread-state.ts'
import { encodeError } from '../error-codec.ts'
import { LargeDataOfWorker } from '../large-data/worker.ts'
import { ProcessMarks } from '../mapped-marks.ts'
import type { FromWorker, ToWorker } from '../protocol.ts'
import { setSignalsIgnored } from './ignore-signals.ts'
import { startStackThread } from './start-stack-thread.ts'
import { TaskLoop } from './task-loop.ts'

/**
 * Where `process.ts` put the marks, then the files for large data, then what it asks for stacks by, then, without a parent-death
 * signal, the tether.
 */
const MARKS_FD = 4
const ARGUMENTS_FD = 5
const RESULTS_FD = 6
const STACKS_FD = 7
const captures = process.env['TIDYPOOL_STACKS'] !== undefined
const TETHER_FD = captures ? 8 : 7

offerToMemoryKiller()

if (process.env['TIDYPOOL_TETHER'] === 'thread') {
  delete process.env['TIDYPOOL_TETHER'] // meant for this process, not for its children
  startWatchdog(TETHER_FD)
}

if (captures) {
  delete process.env['TIDYPOOL_STACKS']
  startStackThread(STACKS_FD)
}

// Taken now: the task's module may replace or disconnect what `process` offers.
const send = process.send?.bind(process)
if (!send)
  throw new Error('This is the entry of a tidypool worker; it is started by a ProcessExecutor.')

const large = new LargeDataOfWorker(ARGUMENTS_FD, RESULTS_FD)

/** Given with `go`. What is posted before is nobody's: the exit code and stderr tell of it. */
let key = Number.NaN

/** Throws at once when the message cannot be cloned: `send` serializes before it returns. */
function post(message: FromWorker): Promise<void> {
  let handedOver: () => void
  const done = new Promise<void>((resolve) => {
    handedOver = resolve
  })
  // An error in the callback means that the owner is gone: 'disconnect' follows and ends this process.
  send?.([key, ...large.pack(message)], undefined, undefined, () => handedOver())
  return done
}

let loop: TaskLoop | undefined

process.on('message', (received: ToWorker | Uint8Array) => {
  const message = unpack(received)
  if (message.type === 'go') void start(message)
  else if (message.type === 'run') loop?.run(message)
  else if (message.type === 'cancel') loop?.cancel(message.seq, message.reason)
  else if (message.type === 'signals') setSignalsIgnored(message.ignored)
  else if (message.type === 'ping') loop?.answer(message.id)
  else void leave()
})
process.on('disconnect', () => process.exit(0))
process.on('exit', (exitCode) => {
  // Results of finished tasks leave although a task called process.exit.
  loop?.flushNow()
  if (process.connected) void post({ type: 'exiting', exitCode })
})
process.on('uncaughtExceptionMonitor', (error: unknown) => {
  void post({ type: 'uncaught', error: encodeError(toError(error)) })
})

/** Calls that did not arrive whole: their owner waits for them until this process ends. */
function unpack(received: ToWorker | Uint8Array): ToWorker {
  try {
    return large.unpack(received)
  } catch (error) {
    void post({ type: 'uncaught', error: encodeError(toError(error)) })
    process.exit(1)
  }
}

async function start(go: Extract<ToWorker, { type: 'go' }>): Promise<void> {
  key = go.key
  const { setup } = go
  // The owner died before the parent-death signal was set, and what it wrote was still read here.
  if (process.ppid !== setup.ownerPid) process.exit(0)
  void post({ type: 'loaded' })
  setSignalsIgnored(setup.signalsIgnored)
  const starting = new TaskLoop(
    {
      marks: new ProcessMarks(MARKS_FD),
      post,
      memory: () => process.memoryUsage.rss(),
      sharesThread: false,
    },
    setup,
  )
  try {
    await starting.initialize()
  } catch (error) {
    await post({ type: 'unready', error: encodeError(toError(error)) })
    process.exit(1)
  }
  loop = starting
  void post({ type: 'ready', tid: ownThread()?.tid, bytes: loop.memory() })
}

/** What tasks printed goes out first: a pipe whose reader is slow takes it only later, and `process.exit` would drop it. */
async function leave(): Promise<void> {
  // Where nothing is written there is nothing to wait for; and streams that nobody has used would be made by asking for them.
  const isWriting = process.getActiveResourcesInfo().some((name) => name.endsWith('WriteWrap'))
  if (isWriting) await Promise.all([written(process.stdout), written(process.stderr)])
  process.exit(0)
}

function written(stream: NodeJS.WriteStream): Promise<void> | undefined {
  if (stream.writableLength === 0 || stream.destroyed) return undefined
  return new Promise((resolve) => {
    stream.once('error', () => resolve()) // its reader is gone
    stream.write('', () => resolve())
  })
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
