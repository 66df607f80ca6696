/** The options of `tidypool doctor` and its help. What their texts mean is read in doctor-options.ts. */
import { Option, type Command } from 'commander'

/** Options as commander leaves them. */
export interface RawDoctorOptions {
  /** True for `--fix` without a word. */
  readonly fix?: string | true
  readonly only?: readonly string[]
  readonly json?: boolean
  readonly verbose?: boolean
}

const DESCRIPTION = `Finds what programs left on this machine, and removes it when asked to.

It looks for journals and processes of programs with tidypool that were killed,
for semaphores, shared memory and folders of Python (multiprocessing, loky,
joblib), for System V objects, and for limits that are nearly reached. Each is
named with its size, age and owner, how sure it is that nobody needs it, and
what to do. Nothing is changed without --fix, and nothing of another user ever.`

const EXAMPLES = `Examples:
  $ tidypool doctor
  $ tidypool doctor --fix
  $ tidypool doctor --fix=likely --only shared-memory
  $ tidypool doctor --json | jq .before.total.count`

const EXIT_CODES = `Exit codes:
  0    nothing was found; after --fix: nothing is left
  1    something was found; after --fix: something is left
  2    the command line asks for something that cannot be
  70   tidypool itself failed`

export function describeDoctor(command: Command): Command {
  const list = (value: string, previous: readonly string[] | undefined): readonly string[] => [
    ...(previous ?? []),
    value,
  ]
  command
    .description(DESCRIPTION)
    .summary('find what was left on this machine')
    .usage('[options]')
    .helpOption('-h, --help', 'print this help')
    .addOption(
      new Option(
        '--fix [HOW]',
        'remove what is certain to be nobody’s; --fix=likely: what is likely to be, too',
      ),
    )
    .option('--only <CHECK>', 'carry out this check alone (repeatable; --verbose names them)', list)
    .option('--json', 'print one JSON object')
    .option('-v, --verbose', 'print everything that was found, looked at and measured')
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_CODES}\n\nThe manual is docs/doctor.md.`)
  return command
}
