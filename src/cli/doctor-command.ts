/** `tidypool doctor`: reads the options, looks (and removes, when asked to), and says what it found on standard output. */
import { runDoctor, type DoctorReport } from '../doctor/doctor.ts'
import { OptionError } from '../errors.ts'
import type { RawDoctorOptions } from './describe-doctor.ts'
import { readDoctorOptions, type DoctorOptions } from './doctor-options.ts'
import { doctorJson, doctorText } from './doctor-report.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'

export async function doctor(raw: RawDoctorOptions): Promise<End> {
  const options = readOptions(raw)
  const report = await runDoctor(options.plan)
  await print(options.json ? doctorJson(report) : doctorText(report, options.verbose))
  return { exitCode: isClean(report) ? EXIT.ok : EXIT.failed }
}

function readOptions(raw: RawDoctorOptions): DoctorOptions {
  try {
    return readDoctorOptions(raw)
  } catch (error) {
    if (error instanceof OptionError)
      throw new CommandError(error.message, EXIT.usage, { cause: error })
    throw error
  }
}

/** A check that failed has found nothing, which says nothing. */
function isClean({ findings, left, checks }: DoctorReport): boolean {
  return (left ?? findings).length === 0 && checks.every(({ failed }) => failed === undefined)
}

/** Waits until it is written. A reader that goes away (`| head`) has seen what it wanted. */
async function print(text: string): Promise<void> {
  process.stdout.on('error', () => {})
  await new Promise<void>((resolve) => {
    process.stdout.write(`${text}\n`, () => resolve())
  })
}
