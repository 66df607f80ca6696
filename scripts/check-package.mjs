// Packs the package as it would be published and looks at the result: its files, the links between its pages, publint, attw, knip.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fail, root, run, tool } from './project.mjs'

if (!existsSync(path.join(root, 'dist/index.js')))
  fail('there is no dist/index.js yet; run `npm run build` first')

const folder = mkdtempSync(path.join(os.tmpdir(), 'tidypool-pack-'))
try {
  // dist/ is built already; a build in the middle of a check would only be a second one.
  const args = [
    'pack',
    '--ignore-scripts',
    '--json',
    '--loglevel=error',
    '--pack-destination',
    folder,
  ]
  /** @type {{ filename: string, files: { path: string, size: number, mode: number }[] }[]} */
  const packs = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }))
  const [pack] = packs
  if (pack === undefined) fail('npm pack made nothing')
  checkFiles(pack.files)
  checkLinks(pack.files)
  const tarball = path.join(folder, pack.filename)
  await step('publint', tool('publint/src/cli.js'), 'run', tarball, '--strict')
  await step(
    'attw',
    tool('@arethetypeswrong/cli/dist/index.js'),
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
    '--no-summary',
  )
  await step('knip', tool('knip/bin/knip.js'), '--no-progress')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** @param {readonly { path: string, mode: number }[]} files */
function checkFiles(files) {
  const paths = files.map((file) => file.path)
  const odd = paths.filter(
    (file) =>
      !/^dist\/.*\.(js|d\.ts|sh)$|^docs\/(decisions\/)?[^/]+\.md$|^docs\/[^/]+\.svg$|^examples\/|^package\.json$|^LICENSE$|^[A-Z]+\.md$/.test(
        file,
      ),
  )
  const needed = [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/register.js',
    'dist/register.d.ts',
    'dist/testing.js',
    'dist/testing.d.ts',
    'dist/cli/main.js',
    'LICENSE',
    'README.md',
    'docs/run.md',
  ]
  const missing = needed.filter((file) => !paths.includes(file))
  for (const file of odd) console.error(`package: ${file} should not be in it`)
  for (const file of missing) console.error(`package: ${file} is missing`)
  if (odd.length > 0 || missing.length > 0) process.exitCode = 1
}

/**
 * Whoever reads the manual in node_modules has only what is packed.
 * @param {readonly { path: string }[]} files
 */
function checkLinks(files) {
  const paths = files.map((file) => file.path)
  for (const page of paths.filter((file) => file.endsWith('.md'))) {
    const text = readFileSync(path.join(root, page), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\((?!\w+:)([^)#]+)/g)) {
      const target = path.join(path.dirname(page), link).replace(/\/$/, '')
      if (paths.some((file) => file === target || file.startsWith(`${target}/`))) continue
      console.error(`package: ${page} links to ${link}, which is not in it`)
      process.exitCode = 1
    }
  }
}

/** @param {string} name @param {string} program @param {readonly string[]} args */
async function step(name, program, ...args) {
  const status = await run(process.execPath, [program, ...args])
  if (status === 0) return
  console.error(`package: ${name} ended with ${status}`)
  process.exitCode = 1
}
