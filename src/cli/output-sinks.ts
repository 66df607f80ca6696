/** Where the output of commands goes: our own standard streams, at the pace of who reads them. */
import type { OutputSinks } from '../batch/command-writer.ts'
import type { StdoutSink } from './stdout-sink.ts'

/** @param beforeWrite  On a terminal, progress makes room. */
export function outputSinks(stdout: StdoutSink, beforeWrite: () => void): OutputSinks {
  return {
    stdout: {
      write(chunk) {
        if (process.stdout.isTTY) beforeWrite()
        return stdout.write(chunk)
      },
    },
    stderr: { write: writeStderr },
  }
}

/** Through the stream, where progress takes its lines away first. A reader that has gone is no reason to end. */
function writeStderr(chunk: Buffer): void | Promise<void> {
  const { stderr } = process
  if (stderr.destroyed || stderr.write(chunk)) return undefined
  return new Promise((resolve) => {
    const done = (): void => {
      stderr.off('drain', done).off('close', done).off('error', done)
      resolve()
    }
    stderr.on('drain', done).on('close', done).on('error', done)
  })
}
