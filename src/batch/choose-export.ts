/** Which export of the module is the task. */
import { OptionError } from '../errors.ts'

/**
 * The export that was asked for; else the default export; else the only function there is.
 *
 * @param exports  Functions that the module exports.
 * @throws {OptionError} that lists them, when none of the three is there.
 */
export function chooseExport(
  reference: string,
  asked: string | undefined,
  exports: readonly string[],
): string {
  const wanted =
    asked ??
    (exports.includes('default') ? 'default' : exports.length === 1 ? exports[0] : undefined)
  if (wanted !== undefined && exports.includes(wanted)) return wanted
  const list = exports.map((name) => `#${name}`).join(', ')
  const why =
    exports.length === 0
      ? 'a module that exports a function; this one exports none'
      : asked === undefined
        ? `a module with a default export or a single function, or a choice among the functions of this one: ${list}`
        : `one of the functions that the module exports: ${list}`
  throw new OptionError('MODULE[#EXPORT]', reference, why)
}
