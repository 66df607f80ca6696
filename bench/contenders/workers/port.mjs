// The worker's end of a channel.
import { parentPort } from 'node:worker_threads'

/** @param {(message: unknown) => void} listener */
export function onMessage(listener) {
  if (parentPort) parentPort.on('message', listener)
  else process.on('message', listener)
}

/** @param {unknown} message @param {ArrayBuffer[]} [transfer] */
export function post(message, transfer) {
  if (parentPort) parentPort.postMessage(message, transfer)
  else process.send?.(message)
}
