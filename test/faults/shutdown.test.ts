// A1, A2: executors are shut down, by a call or by leaving an `await using` scope, in every state.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import vm from 'node:vm'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { runBetweenLooks } from './handles.ts'
import { Stage } from './observe.ts'

const skip = needs('linux')

describe('shutdown', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    faultRow({ id: 'A1', kind: `${kind}, in every state`, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const program = await runBetweenLooks(stage, 'shutdowns.mjs', [kind])
      assert.equal(program.lines('held').length, kind === 'process' ? 12 : 10)
      const { allMs } = await stage.gone()
      return allMs
    })

    const ways = `${kind}, left by return, throw and break`
    faultRow({ id: 'A2', kind: ways, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const program = await runBetweenLooks(stage, 'await-using.ts', [kind], {
        execArgv: typeScript(),
      })
      assert.deepEqual(program.lines('held'), ['return', 'throw', 'throw, cancel', 'break'])
      const { allMs } = await stage.gone()
      return allMs
    })
  }
})

/** A Node that knows neither TypeScript nor `await using` is given both. */
function typeScript(): string[] {
  const strips = 'typescript' in process.features && process.features.typescript !== false
  if (strips && isSyntax('async () => { await using a = null }')) return []
  return ['--import', new URL('./programs/with-typescript.mjs', import.meta.url).href]
}

function isSyntax(code: string): boolean {
  try {
    return Boolean(new vm.Script(code))
  } catch {
    return false // a SyntaxError is the answer
  }
}
