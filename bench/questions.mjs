// Finds the questions: the files in questions/ whose names begin with a number, in the order of those.
import { readdirSync } from 'node:fs'

/** @import { Question } from './question.mjs' */

const folder = new URL('questions/', import.meta.url)

/** @returns {Promise<Question[]>} */
export async function loadQuestions() {
  const files = readdirSync(folder).filter((name) => /^\d+-.*\.mjs$/.test(name))
  const modules = await Promise.all(
    files.toSorted().map(async (name) => {
      /** @type {{ default: Question }} */
      const module = await import(new URL(name, folder).href)
      return module.default
    }),
  )
  return modules.toSorted((a, b) => Number(a.id) - Number(b.id))
}
