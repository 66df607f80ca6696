import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import { installed } from './installed.ts'

test('importing the library loads nothing that only the command needs', () => {
  const code = `
    import { register } from 'node:module'
    const seen = []
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve(name, context, next) {
        const found = await next(name, context)
        process._rawDebug('loaded ' + found.url)
        return found
      }\`))
    await import('tidypool')`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', `${code}`], {
    cwd: installed(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  assert.equal(said, '')
})
