// Kills itself between the return of a spawn and what follows it: `dies-at-spawn.mjs WHAT WHICH DELAY_US RAN`. WHAT is
// `guardian`, `worker` or `tethered`, WHICH counts them from 1, RAN is a file that no command may have made.
import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

const [what = '', which = '1', delayUs = '0', ran = ''] = process.argv.slice(2)
const marks = { guardian: 'tidypool-guardian', worker: 'process-entry', tethered: 'tidypool-gate' }
const mark = marks[/** @type {keyof typeof marks} */ (what)]
let count = 0
const original = childProcess.spawn
Object.assign(childProcess, {
  /** @param {unknown[]} all */
  spawn(...all) {
    const child = Reflect.apply(original, childProcess, all)
    const words = Array.isArray(all[1]) ? all[1].map(String) : []
    if (words.some((word) => word.includes(mark)) && ++count === Number(which)) {
      const until = process.hrtime.bigint() + BigInt(delayUs) * 1000n
      while (process.hrtime.bigint() < until);
      process.kill(process.pid, 'SIGKILL')
    }
    return child
  },
})
syncBuiltinESMExports()

const { ProcessExecutor, spawnTethered } = await import('tidypool')
const pool = new ProcessExecutor(new URL('tasks.mjs', import.meta.url), { maxWorkers: 3 })
for (let index = 0; index < 3; index++) {
  void pool.submit('wait', 100_000)
  const index1 = String(index + 1)
  // Before the last one is registered it must not have begun: that one would make a file of its number.
  spawnTethered('sh', ['-c', `: >${ran}.${index1}; exec sleep 1000`], { stdio: 'ignore' })
}
setInterval(() => {}, 1000)
