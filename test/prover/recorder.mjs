// A command with one worker; both write down what they get: `node recorder.mjs FILE [stubborn]`
import { fork } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [file = '', mode, role = 'root'] = process.argv.slice(2)
const note = (/** @type {string} */ text) => appendFileSync(file, `${role} ${text}\n`)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    note(signal)
    if (mode !== 'stubborn') process.exit(1)
  })
}
if (role === 'root') {
  const worker = fork(fileURLToPath(import.meta.url), [file, mode ?? 'polite', 'worker'])
  worker.once('message', () => note('ready'))
  worker.once('exit', (_code, signal) => {
    if (signal === null) return
    note(`worker ${signal}`)
    process.exit(1)
  })
} else {
  // It goes on without its owner.
  process.on('disconnect', () => {})
  process.send?.('ready')
}
setTimeout(() => process.exit(0), 60_000)
