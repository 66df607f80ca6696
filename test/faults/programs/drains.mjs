// Comes to its end by itself: `drains.mjs KIND drain|shutdown|unused|dispose`
import { spawnTethered } from 'tidypool'
import { heldDirectory, pool, say } from './holdings.mjs'

const [kind = 'process', how = 'drain'] = process.argv.slice(2)

const executor = pool(kind)
if (how === 'drain') {
  // Nobody awaits what is held, and nobody gives it back.
  await heldDirectory()
  spawnTethered('sleep', ['1000'], { stdio: 'ignore' }).unref()
  for (const value of [0, 1, 2, 3]) {
    void executor.submit('wait', 30 + 30 * value, value).then((done) => say('finished', done))
  }
  say('ready', null)
} else {
  if (how !== 'unused') await executor.submit('twice', 1)
  say('ready', null)
  await (how === 'dispose' ? executor[Symbol.asyncDispose]() : executor.shutdown())
  say('after', true)
}
