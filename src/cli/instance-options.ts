/** How many instances of a command may run at once: the options of `run` and `exec` for it. What waits is in claim-instance.ts. */
import { parseDuration } from '../batch/duration.ts'
import { OptionError } from '../errors.ts'

/** Options as commander leaves them: text. */
export interface RawInstanceOptions {
  readonly maxInstances?: string
  readonly instanceName?: string
  readonly instanceWait?: string
}

export interface InstanceOptions {
  readonly max: number
  readonly name: string
  /** undefined: as long as it takes; 0: not at all. */
  readonly waitMs: number | undefined
}

const mostInstances = 256
const longestName = 128

/**
 * @param defaultName  What those are called that are not named; undefined where nothing suggests itself.
 * @throws {OptionError} for the first option that is wrong.
 */
export function readInstanceOptions(
  { maxInstances, instanceName, instanceWait }: RawInstanceOptions,
  defaultName: string | undefined,
): InstanceOptions | undefined {
  if (maxInstances === undefined) {
    for (const [option, value] of [
      ['--instance-name', instanceName],
      ['--instance-wait', instanceWait],
    ] as const) {
      if (value !== undefined) throw new OptionError(option, value, 'given with --max-instances')
    }
    return undefined
  }
  const max = /^\d{1,3}$/.test(maxInstances) ? Number(maxInstances) : 0
  if (max < 1 || max > mostInstances) {
    throw new OptionError('--max-instances', maxInstances, `a number from 1 to ${mostInstances}`)
  }
  const name = instanceName ?? defaultName
  if (name === undefined) {
    const allowed = 'a number together with --instance-name: a script has no name by itself'
    throw new OptionError('--max-instances', maxInstances, allowed)
  }
  return {
    max,
    name: checkName(name),
    waitMs:
      instanceWait === undefined ? undefined : parseDuration('--instance-wait', instanceWait, 0),
  }
}

function checkName(name: string): string {
  if (name.length > 0 && name.length <= longestName && !/\p{Cc}/u.test(name)) return name
  const allowed = `1 to ${longestName} characters, none of them a control character`
  throw new OptionError('--instance-name', name, allowed)
}
