// Preloaded into a program that is TypeScript, for a Node that is not. Its workers are plain: they inherit neither option
// nor compiler.
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  const { register } = await import('tsx/esm/api')
  register()
  const here = process.execArgv.indexOf(import.meta.url)
  if (here > 0) process.execArgv.splice(here - 1, 2)
}
