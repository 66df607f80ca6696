/**
 * The package as users get it: packed, and installed into a folder of its own, once for a run of the tests.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string | undefined

/** The folder it is installed in. */
export function installed(): string {
  if (folder !== undefined) return folder
  folder = mkdtempSync(path.join(os.tmpdir(), 'tp-installed-'))
  const npm = (args: readonly string[], cwd: string): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  // Built already, and not a second time now: other tests are using it.
  const packed = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
  writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}')
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`], folder)
  return folder
}

/** The command, as a shell finds it. */
export function command(): string {
  return path.join(installed(), 'node_modules/.bin/tidypool')
}

after(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})
