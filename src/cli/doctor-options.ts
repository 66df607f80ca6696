/** Reads the options of `tidypool doctor`: every text is checked here, before anything is looked at. */
import { checks, type DoctorPlan, type FixLevel } from '../doctor/doctor.ts'
import type { Check } from '../doctor/check.ts'
import { OptionError } from '../errors.ts'
import type { RawDoctorOptions } from './describe-doctor.ts'

export interface DoctorOptions {
  readonly plan: DoctorPlan
  readonly json: boolean
  readonly verbose: boolean
}

/** @throws {OptionError} for the first option that is wrong. */
export function readDoctorOptions(raw: RawDoctorOptions): DoctorOptions {
  return {
    plan: { checks: readChecks(raw.only), fix: readFix(raw.fix) },
    json: raw.json ?? false,
    verbose: raw.verbose ?? false,
  }
}

function readChecks(names: readonly string[] | undefined): readonly Check[] {
  if (names === undefined) return checks
  for (const name of names) {
    if (checks.some((check) => check.name === name)) continue
    throw new OptionError('--only', name, `one of ${checks.map((check) => check.name).join(', ')}`)
  }
  return checks.filter(({ name }) => names.includes(name))
}

function readFix(text: string | true | undefined): FixLevel {
  if (text === undefined) return 'none'
  if (text === true || text === 'certain') return 'certain'
  if (text === 'likely') return 'likely'
  throw new OptionError('--fix', text, 'certain (what --fix alone means) or likely')
}
