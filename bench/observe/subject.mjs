// A program that is measured from outside: started, listened to line by line, and ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/**
 * Starts a program of subjects/ with this Node.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function startSubject(name, args, env = process.env) {
  const file = fileURLToPath(new URL(`../subjects/${name}`, import.meta.url))
  const startedAt = performance.now()
  const child = spawn(process.execPath, [file, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  /** @type {Map<string, number>} when each line came, in milliseconds from the start */
  const heard = new Map()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => heard.set(line, performance.now() - startedAt))

  return {
    pid: child.pid ?? 0,
    /** Waits for the line and returns when it came. @param {string} line */
    async hear(line) {
      while (!heard.has(line)) {
        const event = await Promise.race([
          once(lines, 'line').then(() => 'line'),
          exited.then(() => 'exit'),
        ])
        if (event === 'exit' && !heard.has(line))
          throw new Error(
            `${name} ended with ${child.exitCode ?? child.signalCode} before ‘${line}’`,
          )
      }
      return heard.get(line) ?? Number.NaN
    },
    /** Ends it, by closing its standard input; by force if that does not do. @param {number} limitMs */
    async end(limitMs) {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      await exited
      clearTimeout(timer)
      lines.close()
    },
  }
}
