/** `tidypool prove`: reads the options, has the command ended in every way, shows what was left. */
import { writeFileSync } from 'node:fs'
import { OptionError } from '../errors.ts'
import { prove as runProof, type Proof } from '../prover/prove.ts'
import type { RawProveOptions } from './describe-prove.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'
import { say } from './messages.ts'
import { proofHtml } from './prove-html.ts'
import { readProveOptions, type ProveOptions } from './prove-options.ts'
import { proveProgress } from './prove-progress.ts'
import { outlookText, proofJson, proofText } from './prove-report.ts'
import { watchSignals } from './watch-signals.ts'

/** For a file or a pipe. */
const wideColumns = 200

export async function prove(words: readonly string[], raw: RawProveOptions): Promise<End> {
  if (process.platform !== 'linux') {
    throw new CommandError('prove needs Linux: it looks at processes in /proc', EXIT.usage)
  }
  const options = readOptions(words, raw)
  // Before the first run: that a report cannot be written is told now.
  if (options.report !== undefined) writeReport(options.report, '', 'a')
  const { proof, signal } = await run(options)
  const { plan, report, json } = options
  if (report !== undefined) writeReport(report, proofHtml(proof, plan.words, plan.seed))
  await print(
    json
      ? proofJson(proof, plan.words, plan.seed)
      : `${proofText(proof, process.stdout.columns ?? wideColumns)}\n`,
  )
  return signal ? { signal } : { exitCode: exitCodeOf(proof) }
}

function readOptions(words: readonly string[], raw: RawProveOptions): ProveOptions {
  try {
    return readProveOptions(words, raw)
  } catch (error) {
    if (error instanceof OptionError)
      throw new CommandError(error.message, EXIT.usage, { cause: error })
    throw error
  }
}

interface Run {
  readonly proof: Proof
  /** What ended it. */
  readonly signal: NodeJS.Signals | undefined
}

async function run({ plan, quiet }: ProveOptions): Promise<Run> {
  const interrupted = new AbortController()
  let signal: NodeJS.Signals | undefined
  let crash: { readonly error: unknown } | undefined
  using progress = quiet ? undefined : proveProgress()
  using _ = watchSignals({
    first(received) {
      signal = received
      interrupted.abort()
    },
    beforeForce: () => {},
    suspend: () => {},
    resume: () => {},
    crash(error) {
      crash = { error }
      interrupted.abort()
    },
  })
  const proof = await runProof(
    plan,
    {
      onOutlook(outlook) {
        if (!quiet) say(`tidypool: ${outlookText(outlook).replaceAll('\n', '\ntidypool: ')}`)
        progress?.begin(outlook)
      },
      onTrial: (trial) => progress?.add(trial),
    },
    interrupted.signal,
  )
  if (crash) throw crash.error
  return { proof, signal }
}

/** Of the mode that was asked for; of both, what `exec` is there for. */
function exitCodeOf({ done, modes }: Proof): number {
  const decisive = modes.includes('exec') ? 'exec' : 'bare'
  const counted = done.filter(({ mode, outcome }) => mode === decisive && outcome === 'ended')
  // Of what went on, or was never tried, nobody can say what it leaves.
  const isFine =
    counted.length > 0 &&
    done.every(
      ({ mode, left, outcome }) =>
        mode !== decisive || (left.length === 0 && outcome !== 'did not end'),
    )
  return isFine ? EXIT.ok : EXIT.failed
}

function writeReport(file: string, text: string, flag: 'a' | 'w' = 'w'): void {
  try {
    writeFileSync(file, text, { flag })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`--report: ${reason}`, EXIT.usage, { cause: error })
  }
}

/** Waits until it is written; a reader that goes away has seen enough. */
async function print(text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    process.stdout.once('error', () => resolve())
    process.stdout.write(text, () => resolve())
  })
}
