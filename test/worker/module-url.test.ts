import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { moduleUrl } from '../../src/worker/module-url.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'tu-'))
after(() => rmSync(folder, { recursive: true }))
for (const name of ['both.js', 'both.ts', 'only.ts', 'only.mts', 'only.cts', 'a #?% b.ts'])
  writeFileSync(path.join(folder, name), '')
const urlOf = (name: string): string => pathToFileURL(path.join(folder, name)).href

test('an absolute path, a URL and its text mean the same module', () => {
  const file = path.join(folder, 'both.js')
  for (const given of [file, pathToFileURL(file), pathToFileURL(file).href])
    assert.equal(moduleUrl(given), urlOf('both.js'))
})

test('a file that exists is meant, although there is a TypeScript file beside it', () => {
  assert.equal(moduleUrl(path.join(folder, 'both.js')), urlOf('both.js'))
})

test('the name that a TypeScript file will have when it is compiled means that file', () => {
  for (const [given, meant] of [
    ['only.js', 'only.ts'],
    ['only.mjs', 'only.mts'],
    ['only.cjs', 'only.cts'],
    ['a #?% b.js', 'a #?% b.ts'],
  ] as const)
    assert.equal(moduleUrl(path.join(folder, given)), urlOf(meant))
})

test('a file that exists nowhere stays as it was given: the worker tells', () => {
  for (const name of ['none.js', 'none.ts', 'both.mjs'])
    assert.equal(moduleUrl(path.join(folder, name)), urlOf(name))
})

test('a query, by which a module is loaded anew, is kept', () => {
  assert.equal(moduleUrl(`${urlOf('only.js')}?v=2`), `${urlOf('only.ts')}?v=2`)
})

test('a data: URL is a module', () => {
  const url = 'data:text/javascript,export const a = () => 1'
  assert.equal(moduleUrl(url), new URL(url).href)
})

test('relative paths, other addresses and other values are refused', () => {
  for (const given of [
    './a.js',
    '../a.js',
    'a.js',
    '',
    'node:fs',
    'https://example.org/a.js',
    'file',
    'file:',
    'file://host/x.js',
    'file:///%zz.js',
    'file:///a%2fb.js',
    new URL('file:///a/'),
    {},
    null,
    undefined,
    7,
  ])
    assert.throws(() => moduleUrl(given as string), { code: 'ERR_OPTION', option: 'module' })
})
