// B8, B10: a batch under coreutils' `timeout`, and the command as process 1.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe } from 'node:test'
import { fileURLToPath } from 'node:url'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, isOverloaded, ownNumber, until, type End, type Program } from './observe.ts'

const skip = needs('linux', 'timeout')
const politely = ['timeout', '1s']
const forcibly = ['timeout', '-k', '1s', '1s']
/** Workers of `tidypool run` here. What each runs when the signal comes is cancelled, and may finish all the same. */
const jobs = 2

/** After KILL `timeout` ends by KILL itself, which a shell shows as 137. */
function asShell({ exitCode, signal }: End): number | null {
  return signal === 'SIGKILL' ? 137 : exitCode
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
}

describe('timeout', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    for (const [wrapper, ear] of [
      [politely, 'hears'],
      [forcibly, 'deaf'],
    ] as const) {
      const title = `${kind}, ${wrapper.join(' ')}`
      faultRow({ id: 'B8', kind: title, ciRepeats: 1, skip }, async (t) => {
        const stage = new Stage(t)
        const results = path.join(stage.folder, 'results')
        const program = await stage.start('batch.mjs', [kind, results, ear], {
          wrapper,
          ready: false,
        })
        const end = await program.ended
        const { allMs } = await stage.gone({ since: end.at })
        await program.drained()
        // On a very busy machine the time can be over before the program has its listener.
        const isDeaf = program.lines('deaf').length > 0
        assert.equal(asShell(end), isDeaf ? 137 : 124, `X: ${program.told}`)
        const kept = linesOf(results).map((line) => (JSON.parse(line) as { count: number }).count)
        const said = program.lines('kept') as number[]
        assert.deepEqual(kept.slice(0, said.length), said, 'what was said to be kept is there')
        return allMs
      })
    }
  }

  for (const kind of ['process', 'thread'] as const) {
    const polite = `tidypool run --kind ${kind}, timeout 1s`
    faultRow({ id: 'B8', kind: polite, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const { program, done, results } = await startRun(stage, kind, politely, [])
      const end = await program.ended
      const { allMs } = await stage.gone({ since: end.at })
      assert.equal(asShell(end), 124, `X: ${program.told}`)
      assertKept(done, results, program)
      return allMs
    })

    const forced = `tidypool run --kind ${kind}, timeout -k 1s 3s, tasks that block`
    faultRow({ id: 'B8', kind: forced, ciRepeats: 1, skip }, async (t) => {
      const stage = new Stage(t)
      const args = ['--param', 'blocks=yes', '--kill-after', '60s']
      const { program, done, results } = await startRun(
        stage,
        kind,
        ['timeout', '-k', '1s', '3s'],
        args,
      )
      const end = await program.ended
      const { allMs } = await stage.gone({ since: end.at })
      // On a very busy machine the time can be over before the first task blocks: then it may end when it is asked.
      const isBlocked = linesOf(done).includes('blocks')
      const status = isBlocked || asShell(end) !== 124 ? 137 : 124
      assert.equal(asShell(end), status, `X: ${program.told}`)
      assertKept(done, results, program)
      return allMs
    })
  }

  const twice = 'tidypool run, TERM twice within a moment, as timeout sends it'
  faultRow({ id: 'B8', kind: twice, ciRepeats: 2, skip }, async (t) => {
    const stage = new Stage(t)
    const args = ['--param', 'blocks=yes', '--kill-after', '1s']
    const { program, done, results } = await startRun(stage, 'process', [], args)
    await until(() => linesOf(done).includes('blocks'), `a task that blocks ${program.told}`)
    const since = performance.now()
    program.kill('SIGTERM')
    await until(() => program.stderr.includes('SIGTERM'), `it to hear the first ${program.told}`)
    program.kill('SIGTERM')
    const isSame = performance.now() - since < 100 && !isOverloaded()
    const end = await program.ended
    const { allMs } = await stage.gone({ since: end.at })
    await program.drained()
    assert.deepEqual([end.exitCode, end.signal], [null, 'SIGTERM'], `X: ${program.told}`)
    // It has taken the second for the first, unless the machine was too busy to send or hear them within a moment.
    if (isSame) assert.match(program.stderr, /ended by SIGTERM/, 'it ends in order')
    assertKept(done, results, program)
    return allMs
  })

  const skipPidOne = needs('linux', 'root', 'unshare', 'pid namespace')
  for (const kind of ['process', 'thread'] as const) {
    const title = `tidypool run --kind ${kind} as pid 1`
    faultRow({ id: 'B10', kind: title, ciRepeats: 1, skip: skipPidOne }, async (t) => {
      const stage = new Stage(t)
      const wrapper = ['unshare', '--pid', '--fork', '--mount-proc']
      const { program, done, results } = await startRun(stage, kind, wrapper, [])
      await until(() => linesOf(results).length > 5, `some results ${program.told}`)
      const first = stage.processes().find(({ pid }) => ownNumber(pid) === 1)
      assert.ok(first, 'it is pid 1 of its namespace')
      process.kill(first.pid, 'SIGTERM')
      const end = await program.ended
      const { allMs } = await stage.gone({ since: end.at })
      assert.deepEqual([end.exitCode, end.signal], [143, null], `X: ${program.told}`)
      assertKept(done, results, program)
      return allMs
    })
  }
})

/** What a task had finished is in the results file, once, but for what was on its way at that moment. */
function assertKept(done: string, results: string, program: Program): void {
  const finished = linesOf(done).filter((line) => line !== 'blocks')
  const kept = resultsOf(results)
  assert.deepEqual(
    kept.filter((input) => !finished.includes(input)),
    [],
    'nothing is made up',
  )
  assert.equal(new Set(kept).size, kept.length, 'no result is there twice')
  const lost = finished.filter((input) => !kept.includes(input))
  assert.ok(lost.length <= jobs, `lost ${lost.join(', ')} of ${finished.length} ${program.told}`)
}

async function startRun(
  stage: Stage,
  kind: string,
  wrapper: readonly string[],
  args: readonly string[],
): Promise<{ program: Program; done: string; results: string }> {
  const done = path.join(stage.folder, 'done')
  const results = path.join(stage.folder, 'results.jsonl')
  const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
  const task = fileURLToPath(new URL('programs/batch-task.mjs', import.meta.url))
  const inputs = ['--range', '0..100000', '--param', `done=${done}`, '-o', results]
  const run = ['run', '--kind', kind, '--jobs', String(jobs), ...inputs, ...args, task]
  const words = [...wrapper, process.execPath, command, ...run]
  const program = await stage.startCommand(words, { ready: false })
  return { program, done, results }
}

/** The inputs whose results a results file holds. The line that was being written when it was killed is none. */
function resultsOf(file: string): string[] {
  return linesOf(file)
    .map((line) => JSON.parse(line) as { input?: unknown; status?: unknown })
    .filter(({ status }) => status === 'ok')
    .map(({ input }) => String(input))
}
