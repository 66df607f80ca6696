/**
 * `tidypool exec`: reads the options, supervises the command, says what it left, and ends as the command did.
 *
 * Nothing here touches `process.stdout` or `process.stderr` while the command runs: they are its own as well, and Node
 * would set them to non-blocking for both.
 */
import { Writable } from 'node:stream'
import { closeSync, writeFileSync, writeSync } from 'node:fs'
import { OptionError } from '../errors.ts'
import { CommandStartError } from '../supervisor/command-start-error.ts'
import { handedDescriptors } from '../supervisor/handed-descriptors.ts'
import { noteOnCwd } from '../supervisor/private-places.ts'
import { supervise, type CommandReport, type Supervision } from '../supervisor/supervise.ts'
import type { claimInstance } from './claim-instance.ts'
import type { RawExecOptions } from './describe-exec.ts'
import { readExecOptions, type ExecOptions } from './exec-options.ts'
import { execReportJson, execReportText } from './exec-report.ts'
import { CommandError, EXEC_EXIT, EXIT, type End } from './exit-codes.ts'
import type { InstanceOptions } from './instance-options.ts'
import { passSignals, type PassedSignals } from './pass-signals.ts'

export async function exec(words: readonly string[], raw: RawExecOptions): Promise<End> {
  keepStderrAsItIs()
  const handed = handedDescriptors()
  const options = readOptions(words, raw)
  const place = options.instances && (await claim(options.instances, options.quiet))
  if (place && 'signal' in place) return place
  try {
    return await superviseCommand(options, handed)
  } finally {
    place?.release()
  }
}

/** Loaded here: most commands run as often as they are started. */
async function claim(instances: InstanceOptions, quiet: boolean): ReturnType<typeof claimInstance> {
  const { claimInstance } = await import('./claim-instance.ts')
  const onWait = (text: string): void => (quiet ? undefined : say(`tidypool: ${text}`))
  return await claimInstance(instances, { onWait, internal: EXEC_EXIT.internal })
}

async function superviseCommand(options: ExecOptions, handed: readonly number[]): Promise<End> {
  // `--report /dev/fd/3`: that one is for us.
  const descriptors = handed.filter((fd) => !isNumbered(options.report, fd))
  const { isolation } = options.plan
  const note = isolation && noteOnCwd(isolation.binds, process.cwd())
  if (note !== undefined && !options.quiet) say(`tidypool: ${note}`)
  const signals = passSignals()
  const report = await run({ ...options, plan: { ...options.plan, descriptors } }, signals)
  // Who reads a pipe may have stopped to read.
  signals.without(() => {
    if (!options.quiet) say(execReportText(report))
    if (options.report !== undefined) writeReport(options.report, report)
  })
  return endOf(report, options)
}

/**
 * Node asks for `process.stderr` at the end of each of its sockets (the gate has one), and makes it by being asked: from then
 * on the command's own does not block either, and a write to a full pipe fails.
 */
function keepStderrAsItIs(): void {
  const stderr = new Writable({
    write(chunk: Buffer, _, done) {
      try {
        writeSync(2, chunk)
      } catch {
        // The terminal is closed, or the reader has gone.
      }
      done()
    },
  })
  Object.defineProperty(process, 'stderr', { value: stderr, configurable: true })
}

function readOptions(words: readonly string[], raw: RawExecOptions): ExecOptions {
  try {
    return readExecOptions(words, raw)
  } catch (error) {
    if (error instanceof OptionError)
      throw new CommandError(error.message, EXIT.usage, { cause: error })
    throw error
  }
}

async function run(options: ExecOptions, signals: PassedSignals): Promise<CommandReport> {
  const supervision = await start(options)
  // Held by us, too, a pipe would not end when the command closes it.
  for (const fd of options.plan.descriptors ?? []) closeSync(fd)
  signals.to(supervision)
  return await supervision.report.finally(() => signals.end())
}

async function start({ plan }: ExecOptions): Promise<Supervision> {
  try {
    return await supervise(plan)
  } catch (error) {
    if (!(error instanceof CommandStartError)) throw error
    const exitCode = {
      missing: EXEC_EXIT.missing,
      'not-executable': EXEC_EXIT.notExecutable,
      failed: EXEC_EXIT.internal,
    }[error.why]
    throw new CommandError(error.message, exitCode, { cause: error })
  }
}

function isNumbered(file: string | undefined, fd: number): boolean {
  return file === `/dev/fd/${fd}` || file === `/proc/self/fd/${fd}`
}

function writeReport(file: string, report: CommandReport): void {
  try {
    writeFileSync(file, execReportJson(report))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`--report: ${reason}`, EXEC_EXIT.internal, { cause: error })
  }
}

function endOf(report: CommandReport, { failOnLeak }: ExecOptions): End {
  if (report.timedOut) return { exitCode: EXEC_EXIT.timeout }
  const hasLeak =
    report.left.some(({ how }) => how !== 'allowed') || report.objects.some(({ leaked }) => leaked)
  const isFine = report.exitCode === 0
  if (failOnLeak && hasLeak && isFine) return { exitCode: EXEC_EXIT.leak }
  return report.signal === null
    ? { exitCode: report.exitCode ?? EXEC_EXIT.internal }
    : { signal: report.signal }
}

/** Not through `process.stderr`: see above. Nobody may be there to read it. */
function say(text: string): void {
  if (text === '') return
  try {
    writeSync(2, `${text}\n`)
  } catch {
    // The terminal is closed, or the reader has gone.
  }
}
