// Preloaded into the test processes of a Node that does not run our tests by itself.
//
// `--import tsx` would do, but for this: what a test starts (workers above all) inherits `execArgv`, and
// would then run under tsx too, slower and with a compiler process of its own. So the test process
// registers tsx and forgets the option; worker threads, which inherit it all the same, do nothing.
import { isMainThread } from 'node:worker_threads'

if (isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  const { register } = await import('tsx/esm/api')
  register()
  const here = process.execArgv.indexOf(import.meta.url)
  if (here > 0) process.execArgv.splice(here - 1, 2)
}
