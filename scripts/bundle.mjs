// Puts modules together that are loaded together, in a folder that tsc has filled: loading a module costs Node some tenths
// of a millisecond however small it is, and `import 'tidypool'` reaches one and a half hundred.
//
// - Workers' entries become files of their own with all they need: they share nothing with their owner.
// - `foundation.js` holds what both the library and the command `exec` reach, `engine.js` the rest of the library. The modules
//   stay, and hand on what the two export: whoever imports one of them shares its state and its classes with all others.
//
// What they use of packages is in there too, with the licences: to find and load three of them took a third of the time.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build, transform } from 'esbuild'
import { root } from './project.mjs'

/** What workers load. */
const entries = [
  'worker/entry/thread-entry.js',
  'worker/entry/process-entry.js',
  'worker/entry/stack-thread.js',
  'batch/task-exports.js',
]
const library = 'index.js'
/** They begin with a part of the library alone, and shall not wait for the rest. */
const smallPrograms = ['cli/exec-command.js', 'register.js']

/** @typedef {{ readonly name: string, readonly alias: string }} Export an export of a module and its name in the bundle */
/** @typedef {ReadonlyMap<string, readonly Export[]>} Modules by path */

/** @param {string} folder */
export async function bundle(folder) {
  /** @type {import('esbuild').BuildOptions & { write: false, metafile: true }} */
  const always = {
    absWorkingDir: folder,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    outdir: '.',
    outbase: '.',
    write: false,
    metafile: true,
    logLevel: 'warning',
  }
  /** @param {string} entry */
  const reachedFrom = async (entry) =>
    Object.keys(
      (await build({ ...always, packages: 'external', entryPoints: [entry] })).metafile.inputs,
    )
  const reached = await reachedFrom(library)
  const bySmallOnes = new Set((await Promise.all(smallPrograms.map(reachedFrom))).flat())
  const { metafile } = await build({
    ...always,
    bundle: false,
    entryPoints: reached,
  })
  const modules = new Map(
    Object.values(metafile.outputs).map(({ entryPoint = '', exports }) => [
      entryPoint,
      exports.map((name) => ({ name, alias: aliasOf(entryPoint, name) })),
    ]),
  )
  for (const entry of entries) {
    const plugins = [keepPlaces(folder, path.dirname(entry))]
    await write(await build({ ...always, plugins, entryPoints: [entry] }))
  }
  const isBelow = (/** @type {string} */ module) => bySmallOnes.has(module)
  const parts = [
    { file: 'foundation.js', members: reached.filter(isBelow) },
    { file: 'engine.js', members: reached.filter((module) => !isBelow(module)) },
  ]
  for (const { file, members } of parts) {
    const contents = members.map((module) => handOn(modules, module, `./${module}`, 'out')).join('')
    await write(
      await build({
        ...always,
        plugins: [keepPlaces(folder, '.'), keepOutside(folder, 'foundation.js')],
        stdin: { contents, resolveDir: folder, sourcefile: file },
        outdir: undefined,
        outfile: file,
      }),
    )
    for (const module of members) {
      const from = path.posix.relative(path.posix.dirname(module), file)
      const stub = handOn(modules, module, from.startsWith('.') ? from : `./${from}`, 'in')
      writeFileSync(path.join(folder, module), stub)
    }
  }
}

/** Follows from names alone: parts of two builds fit together. @param {string} module @param {string} name */
function aliasOf(module, name) {
  return `${module.slice(0, -'.js'.length).replaceAll(/\W/g, '_')}__${name}`
}

/** @param {Modules} modules @param {string} module @param {string} from @param {'in' | 'out'} way */
function handOn(modules, module, from, way) {
  const names = (modules.get(module) ?? []).map(({ name, alias }) =>
    way === 'out' ? `${name} as ${alias}` : `${alias} as ${name}`,
  )
  return `export { ${names.join(', ')} } from '${from}'\n`
}

/** @param {import('esbuild').BuildResult<{ write: false, metafile: true }>} built */
async function write({ outputFiles, metafile }) {
  const licences = Object.keys(metafile.inputs).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  for (const { path: file, text } of outputFiles) {
    const named = withNames(text)
    // esbuild leaves them in comments alone. With a single one, Node keeps the whole text as two bytes a character.
    const plain = named.replaceAll(/[^\t\n\x20-\x7e]/g, '?')
    if ((await withoutComments(plain)) !== (await withoutComments(named)))
      throw new Error(
        `${path.basename(file)}: not only comments hold characters that are not ASCII`,
      )
    writeFileSync(file, plain + [...new Set(licences)].map(licenceOf).join(''))
  }
}

/** @param {string} code */
async function withoutComments(code) {
  return (await transform(code, { minifyWhitespace: true, legalComments: 'none' })).code
}

/** @param {string} folder of a package, relative to ours */
function licenceOf(folder) {
  const at = path.join(root, folder.slice(folder.indexOf('node_modules')))
  const file = readdirSync(at).find((name) => /^licen[cs]e/i.test(name)) ?? 'LICENSE'
  const text = readFileSync(path.join(at, file), 'utf8').trim()
  return `\n// Parts of ${path.basename(at)}:\n//\n${text.replaceAll(/^/gm, '// ')}\n`
}

/** esbuild calls a class that names itself inside (`class Future`) `_Future`, which users would see. @param {string} code */
function withNames(code) {
  const renamed = new Set(
    Array.from(code.matchAll(/^var (\w+) = class _\1\b/gm), ([, name = '']) => name),
  )
  return [...renamed].reduce(
    (text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name),
    code,
  )
}

/**
 * Modules name files beside themselves by `import.meta.url`, which in a bundle is the bundle's.
 * @param {string} folder @param {string} to  where the bundle will be, in the folder
 * @returns {import('esbuild').Plugin}
 */
function keepPlaces(folder, to) {
  return {
    name: 'keep places',
    setup(builder) {
      builder.onLoad({ filter: /\.js$/ }, async ({ path: file }) => {
        const define = { 'import.meta.url': 'ownUrl' }
        const { code } = await transform(readFileSync(file, 'utf8'), { define })
        if (!/\bownUrl\b/.test(code)) return undefined
        const place = JSON.stringify(
          path.relative(path.join(folder, to), file).replaceAll(path.sep, '/'),
        )
        return { contents: `const ownUrl = new URL(${place}, import.meta.url).href\n${code}` }
      })
    },
  }
}

/**
 * @param {string} folder @param {string} file
 * @returns {import('esbuild').Plugin}
 */
function keepOutside(folder, file) {
  return {
    name: 'keep outside',
    setup(builder) {
      builder.onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path: name }) =>
        path.resolve(resolveDir, name) === path.join(folder, file)
          ? { path: `./${file}`, external: true }
          : undefined,
      )
    },
  }
}
