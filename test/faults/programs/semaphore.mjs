// Somebody who wants permits: `semaphore.mjs NAME PERMITS LOG MODE`. What it does is in LOG, one line each, appended whole:
// "enter ID NANOSECONDS" after it got a permit, "leave ID NANOSECONDS" before it gives it back.
//
// once   gets one, says "held", and gives it back when it is told to
// loop   gets one, says "held", and is in an endless loop from then on
// keep   gets one, says "held", and has nothing else to do
// exit   gets one, says "held", and calls process.exit
// churn  gets one after another for ever, and holds each for some milliseconds
// thread the same as once, in a worker thread that ends without giving it back
import { appendFileSync } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { Semaphore } from 'tidypool'

const [name = '', permits = '', log = '', mode = ''] = isMainThread
  ? process.argv.slice(2)
  : workerData
const semaphore = new Semaphore(name, { permits: Number(permits) })
let count = 0

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`)
/** @param {string} what @param {string} id */
const note = (what, id) => appendFileSync(log, `${what} ${id} ${process.hrtime.bigint()}\n`)

async function get() {
  const permit = await semaphore.acquire()
  count += 1
  const id = `${process.pid}.${count}`
  note('enter', id)
  return { permit, id }
}

if (mode === 'thread' && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: [name, permits, log, 'keep'] })
  await once(worker, 'message')
  say('ready')
  say('held')
  await once(process.stdin, 'data')
  await worker.terminate()
  say('terminated')
  process.stdin.destroy()
} else if (isMainThread) {
  say('ready')
  if (mode === 'churn') {
    for (;;) {
      const { permit, id } = await get()
      await delay(Math.random() * 5)
      note('leave', id)
      permit.release()
    }
  }
  const { permit, id } = await get()
  say('held')
  if (mode === 'exit') process.exit(0)
  if (mode === 'loop') for (;;);
  if (mode === 'once') {
    await once(process.stdin, 'data')
    note('leave', id)
    permit.release()
    say('released')
    process.stdin.destroy()
  }
} else {
  const { parentPort } = await import('node:worker_threads')
  await get()
  parentPort?.postMessage('held')
  setInterval(() => {}, 1000)
}
