// Starts measure.mjs in a process group of its own, and says how it ended: with figures, too late, or with a crash.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** @import { Outcome } from './question.mjs' */

const script = fileURLToPath(new URL('measure.mjs', import.meta.url))
/** Of what a crashed one wrote to stderr, so much is kept. */
const STDERR_LENGTH = 4000

/**
 * @param {string} id @param {number} index
 * @param {{ isQuick: boolean, limitMs: number, signal: AbortSignal }} options
 * @returns {Promise<Outcome>}
 */
export function spawnMeasurement(id, index, { isQuick, limitMs, signal }) {
  signal.throwIfAborted()
  const child = spawn(
    process.execPath,
    ['--no-warnings', script, id, String(index), ...(isQuick ? ['--quick'] : [])],
    {
      detached: true,
      env: { ...process.env, TIDYPOOL_BENCH_GROUP: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr
    .setEncoding('utf8')
    .on('data', (text) => (stderr = (stderr + text).slice(-STDERR_LENGTH)))

  /** @type {'running' | 'late' | 'stopped'} */
  let state = 'running'
  const end = () => {
    if (child.pid !== undefined) killGroup(child.pid)
  }
  const limit = setTimeout(() => {
    state = 'late'
    end()
  }, limitMs)
  const stop = () => {
    state = 'stopped'
    end()
  }
  signal.addEventListener('abort', stop, { once: true })

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, killedBy) => {
      clearTimeout(limit)
      signal.removeEventListener('abort', stop)
      // What is left of the group; its number is not given to anybody else as soon as this.
      end()
      // What it wrote is here soon after; somebody outside the group may hold the pipe for ever.
      const drained = setTimeout(settle, 250)
      child.once('close', settle)

      function settle() {
        clearTimeout(drained)
        if (state === 'stopped') reject(new Error('stopped'))
        else if (state === 'late') resolve({ end: 'late', limitMs })
        else
          resolve(
            outcomeOf(
              stdout,
              stderr,
              killedBy ?? (code === 13 ? 'a promise that never settles' : `exit ${code}`),
            ),
          )
      }
    })
  })
}

/** @param {string} stdout @param {string} stderr @param {string} how @returns {Outcome} */
function outcomeOf(stdout, stderr, how) {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'))
  if (line !== undefined) return { end: 'measured', figures: JSON.parse(line) }
  const said = stderr.split('\n').find((text) => /\w*Error\b.*:/.test(text))
  return { end: 'crashed', why: said === undefined ? how : `${how}, ${said.trim().slice(0, 100)}` }
}

/** @param {number} leader */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}
