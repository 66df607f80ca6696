/**
 * A thread beside the main one of a worker process, which takes its stack when the owner asks: the main thread may be in a
 * loop, where no signal handler and no message is seen. Started only where stacks are to be captured; about 8 MiB.
 */
import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'

import type { CapturedStack } from '../process-stack.ts'
import { StackCapture, type DebuggerSession } from '../stack-frames.ts'

const socket = new Socket({ fd: workerData as number, readable: true, writable: true })
socket.on('data', () => void answer())
socket.on('error', () => {}) // 'close' follows
socket.on('close', () => process.exit()) // of this thread alone

async function answer(): Promise<void> {
  let captured: CapturedStack
  try {
    captured = { stack: (await new StackCapture(mainThread()).stack) ?? null }
  } catch (error) {
    captured = { stack: null, error: error instanceof Error ? error.message : String(error) }
  }
  socket.write(`${JSON.stringify(captured)}\n`)
}

function mainThread(): DebuggerSession {
  const session = new Session()
  session.connectToMainThread()
  return {
    // A session that is closed while its thread is in a system call can leave the thread paused for good (seen with Node 20).
    post: (method) =>
      session.post(method, () => method === 'Debugger.disable' && session.disconnect()),
    onScript: (listener) => session.on('Debugger.scriptParsed', ({ params }) => listener(params)),
    onPaused: (listener) =>
      session.on('Debugger.paused', ({ params }) => listener(params.callFrames)),
    onGone: () => {}, // with it this thread ends
    close: () => session.removeAllListeners(),
  }
}
