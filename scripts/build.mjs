// Compiles src/ to dist/ and bundles it (bundle.mjs): `node scripts/build.mjs [--emit-only]`
//
// Compiled into a folder beside dist/ and then moved over file by file, each by rename and only when
// it changed: programs and other builds that use dist/ meanwhile never see half a file, and files
// whose source is gone disappear. With --emit-only types are not checked (tests build so).
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')
const fresh = path.join(root, `dist.new-${process.pid}`)
const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
const emitOnly = process.argv.includes('--emit-only')

/** Every file below a folder, as paths relative to it. @param {string} folder */
function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
}

/** @param {string} target */
function moveOver(target) {
  for (const file of filesBelow(fresh)) {
    const from = path.join(fresh, file)
    const to = path.join(target, file)
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) continue
    mkdirSync(path.dirname(to), { recursive: true })
    renameSync(from, to)
  }
}

/** `npx tidypool` in a clone finds the package's own command here, with npm 10 and 11 and without network. */
function linkOwnCommand() {
  const main = path.join(dist, 'cli/main.js')
  if (!existsSync(main)) return
  chmodSync(main, 0o755)
  const link = path.join(root, 'node_modules/.bin/tidypool')
  if (existsSync(link) || !existsSync(path.dirname(link))) return
  rmSync(link, { force: true })
  symlinkSync('../../dist/cli/main.js', link)
}

if (!existsSync(tsc)) {
  console.error('build: typescript is not installed here; run `npm ci` first')
  process.exit(1)
}
try {
  const args = [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', fresh]
  if (emitOnly) args.push('--noCheck', '--isolatedDeclarations', 'false')
  const built = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  // Type errors do not keep the files back, so that a build in the middle of a change can be tried;
  // the status tells. A build that made nothing leaves dist/ as it was.
  const isMade = filesBelow(fresh).length > 0
  if (isMade) {
    // Who measures which lines ran wants to see the modules that they are written in.
    if (process.env['NODE_V8_COVERAGE'] === undefined) {
      const { bundle } = await import('./bundle.mjs') // not before it is known that packages are installed
      await bundle(fresh)
    }
    const made = new Set(filesBelow(fresh))
    moveOver(dist)
    for (const file of filesBelow(dist)) {
      if (!made.has(file)) rmSync(path.join(dist, file), { force: true })
    }
    linkOwnCommand()
  } else {
    console.error('build: the compiler made no files')
  }
  process.exitCode = isMade ? (built.status ?? 1) : 1
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
