// What the scripts share: where things are, how files are found and programs are run.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Every file below a folder of the project, as paths relative to that folder, in order.
 * Does not follow links and does not go into node_modules.
 * @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(folder) {
  const top = path.resolve(root, folder)
  /** @type {string[]} */
  const found = []
  const folders = existsSync(top) ? [top] : []
  for (const at of folders) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== 'node_modules')
        folders.push(path.join(at, entry.name))
      if (entry.isFile()) found.push(path.relative(top, path.join(at, entry.name)))
    }
  }
  return found.toSorted()
}

/**
 * Runs a program to its end and returns its exit status, 128 + n for signal n as shells do.
 * A terminal's Ctrl-C reaches the program by itself; what is sent to us alone is passed on.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { onStdout?: (chunk: string) => void }} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, { onStdout, ...options } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['inherit', onStdout ? 'pipe' : 'inherit', 'inherit'],
    ...options,
  })
  child.stdout?.setEncoding('utf8').on('data', (chunk) => onStdout?.(chunk))
  const wait = () => {}
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal)
  process.on('SIGINT', wait).on('SIGTERM', pass).on('SIGHUP', pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => {
      process.off('SIGINT', wait).off('SIGTERM', pass).off('SIGHUP', pass)
      const done = () =>
        resolve(status ?? 128 + (signal === null ? 0 : os.constants.signals[signal]))
      // What it wrote is here soon after; a process it left behind may hold the pipe for ever.
      const drained = setTimeout(done, 250)
      child.once('close', () => {
        clearTimeout(drained)
        done()
      })
    })
  })
}

/** A program of our development dependencies, as arguments for `node`. @param {string} file */
export function tool(file) {
  const at = path.join(root, 'node_modules', file)
  if (!existsSync(at))
    fail(`${file.split('/')[0] ?? file} is not installed here; run \`npm ci\` first`)
  return at
}

/**
 * Ends the script with one line that says why.
 * @param {string} why
 * @returns {never}
 */
export function fail(why) {
  console.error(`${path.basename(process.argv[1] ?? '', '.mjs')}: ${why}`)
  process.exit(1)
}
