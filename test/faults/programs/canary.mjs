// Things of somebody else in a namespace where the observer of the rows cannot look.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** @param {string} parent */
export function makeCanaries(parent) {
  const directory = path.join(parent, 'canary')
  mkdirSync(directory)
  writeFileSync(path.join(directory, 'file'), 'precious')
  const child = spawn('sleep', ['1000'], {
    stdio: 'ignore',
    detached: true,
    env: { PATH: process.env['PATH'] },
  })
  return { pid: child.pid ?? 0, directory, child, end: () => child.kill('SIGKILL') }
}

/** Whether nobody has touched them. @param {ReturnType<typeof makeCanaries>} canaries */
export function isCanary({ child, directory }) {
  return (
    child.exitCode === null && child.signalCode === null && existsSync(path.join(directory, 'file'))
  )
}
