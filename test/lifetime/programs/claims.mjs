// Takes permits of the budget in its environment and gives them back, as fast as it can, for so many milliseconds. Notes each in a file,
// after it has it and before it gives it back. Told to `keep`, it says that it has one and keeps it.
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { holdScope, outerBudget } from './lifetime.mjs'

const [forMs, file] = process.argv.slice(2)
const hold = holdScope('claims')
const budget = outerBudget()
for (const end = performance.now() + Number(forMs); performance.now() < end;) {
  const permit = budget?.claim(() => hold.scope) ?? 'gone'
  if (typeof permit === 'object') {
    if (file === undefined) {
      console.log('kept')
      await delay(1 << 30)
    } else appendFileSync(file, `+${process.pid}\n`)
    await delay(Math.random() * 4)
    appendFileSync(file ?? '', `-${process.pid}\n`)
    permit.release()
  }
  await delay(Math.random() * 4)
}
hold.release()
