// Finds the examples of the documentation: the code fences of README.md and docs/, the @example blocks of src/.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { filesBelow, root } from './project.mjs'

/**
 * @typedef {object} Example
 * @property {string} document  path of the file it stands in
 * @property {number} line      of its first line of code
 * @property {'ts' | 'js'} language
 * @property {string} code
 * @property {string} info      what stands after the language: file=…, exits=…, no-run …, no-check …
 */

/** @returns {Example[]} */
export function findExamples() {
  const documents = [
    ...(existsSync(path.join(root, 'README.md')) ? ['README.md'] : []),
    ...filesBelow('docs')
      .filter((file) => file.endsWith('.md'))
      .map((file) => path.join('docs', file)),
  ]
  const sources = filesBelow('src')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join('src', file))
  return [
    ...documents.flatMap((file) => fencesOf(file, readFileSync(path.join(root, file), 'utf8'))),
    ...sources.flatMap((file) => docstringsOf(file, readFileSync(path.join(root, file), 'utf8'))),
  ]
}

/**
 * @param {string} document
 * @param {string} text
 * @param {number} [firstLine]
 * @returns {Example[]}
 */
function fencesOf(document, text, firstLine = 1) {
  /** @type {Example[]} */
  const found = []
  /** @type {{ close: RegExp, example: Example | undefined } | undefined} */
  let open
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *(`{3,}|~{3,})\s*(\S*)\s*(.*)$/.exec(line)
    if (open === undefined && fence !== null) {
      const [, marks = '', name = '', info = ''] = fence
      const language = languageOf(name)
      open = {
        close: new RegExp(`^ *${marks}\\s*$`),
        example: language && {
          document,
          line: firstLine + index + 1,
          language,
          code: '',
          info: info.trim(),
        },
      }
    } else if (open?.close.test(line)) {
      if (open.example !== undefined) found.push(open.example)
      open = undefined
    } else if (open?.example !== undefined) {
      open.example.code += `${line}\n`
    }
  }
  return found
}

/** @param {string} name @returns {'ts' | 'js' | undefined} */
function languageOf(name) {
  if (/^(ts|mts|typescript)$/.test(name)) return 'ts'
  return /^(js|mjs|javascript)$/.test(name) ? 'js' : undefined
}

/** @param {string} document @param {string} source @returns {Example[]} */
function docstringsOf(document, source) {
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const before = lineCount(source.slice(0, comment.index))
    const text = comment[0].replace(/\*\/$/, '').replaceAll(/^[ \t]*\/?\*+ ?/gm, '')
    return [...text.matchAll(/^@example\b *(.*)\n((?:(?!@\w).*(?:\n|$))*)/gm)].flatMap((block) => {
      const [, info = '', code = ''] = block
      const line = before + lineCount(text.slice(0, block.index)) + 2
      const fenced = fencesOf(document, code, line)
      if (fenced.length > 0 || code.includes('```')) return fenced
      return [{ document, line, language: /** @type {const} */ ('ts'), code, info: info.trim() }]
    })
  })
}

/** @param {string} text */
function lineCount(text) {
  return text.split('\n').length - 1
}
