/** E3: the owner is killed between a spawn and its registration. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage } from './observe.ts'

const skip = needs('linux')
const moments = [
  { what: 'worker', repeats: 500, ciRepeats: 5 },
  { what: 'tethered', repeats: 400, ciRepeats: 4 },
  { what: 'guardian', repeats: 100, ciRepeats: 2 },
] as const

for (const { what, repeats, ciRepeats } of moments) {
  faultRow({ id: 'E3', kind: what, repeats, ciRepeats, skip }, async (t, repeat) => {
    const stage = new Stage(t)
    const ran = path.join(stage.folder, 'ran')
    const which = what === 'guardian' ? 1 : 1 + (repeat % 3)
    // At once, or so long after that the child is anywhere in its start.
    const delayUs = repeat % 4 === 0 ? 0 : Math.floor(Math.random() ** 2 * 60_000)
    const args = [what, String(which), String(delayUs), ran]
    const owner = await stage.start('dies-at-spawn.mjs', args, { ready: false })
    const end = await owner.ended
    assert.equal(end.signal, 'SIGKILL', owner.told)
    const { processesMs } = await stage.gone({ since: end.at })
    if (what === 'tethered') {
      assert.ok(!existsSync(`${ran}.${which}`), 'a command ran that was not journalled')
    }
    if (repeat % 50 === 0) await stage.nextStart()
    return processesMs
  })
}
