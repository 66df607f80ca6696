/** The options of `tidypool run` and its help. What their texts mean is read in run-options.ts. */
import { Option, type Command } from 'commander'

import { EXIT_CODES_HELP } from './exit-codes.ts'
import type { RawInstanceOptions } from './instance-options.ts'

/** Options as commander leaves them: text. */
export interface RawRunOptions extends RawInstanceOptions {
  readonly input?: readonly string[]
  readonly format?: string
  readonly range?: string
  readonly limit?: string
  readonly start?: string
  readonly ids?: readonly string[]
  readonly sample?: string
  readonly seed?: string
  readonly param?: readonly string[]
  readonly jobs?: string
  readonly kind?: string
  readonly timeout?: string
  readonly deadline?: string
  readonly killAfter?: string
  readonly stuckAfter?: string
  readonly onStuck?: string
  readonly retries?: string
  readonly halt?: string
  readonly memfree?: string
  readonly load?: string
  readonly shell?: boolean
  readonly tag?: boolean
  readonly joblog?: string
  readonly keepOrder?: boolean
  readonly dryRun?: boolean
  readonly out?: string
  readonly resume?: string
  readonly retryFailed?: boolean
  readonly force?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
  readonly stats?: boolean
}

const DESCRIPTION = `Calls a function for every input, on all processors, and writes a line of JSON
for each; or runs a command for every input and passes its output on.

MODULE is a JavaScript or TypeScript file, EXPORT a function in it: the default
export, or the only one, when it is not named. It is called as
task(input, params). COMMAND is run with the input in place of {}, or at its end;
{.} is the input without its extension, {/} its base name, {//} its folder, {/.}
base name without extension, {#} its place from 1, {%} the number of the job.
What stands behind -- is always a command, and what stands before it is not.

INPUT are names and patterns; each name is an input. Without INPUT, --input and
--range, the lines of a piped standard input are the inputs.`

const EXAMPLES = `Examples:
  $ tidypool run inspect.mjs 'src/**/*.js'
  $ tidypool run score.mjs#rate --input games.jsonl -o rated.jsonl
  $ tidypool run score.mjs#rate --input games.jsonl -o rated.jsonl --resume
  $ find . -name '*.png' -print0 | tidypool run thumb.mjs --format null -j 50%
  $ tidypool run simulate.mjs --range 1..1000000 --sample 500 --seed 7
  $ tidypool run fetch.mjs --input urls.txt --retries 3 --halt soon,fail=10%
  $ tidypool run solve.mjs --input samples.jsonl --timeout 10s --deadline 600s
  $ tidypool run '*.wav' -- ffmpeg -i {} {.}.flac
  $ tidypool run --input hosts.txt --tag -j 20 -- ssh {} uptime
  $ tidypool run '*.csv' --shell -- 'sort {} | uniq -c > counts/{/}'`

export function describeRun(command: Command): Command {
  const list = (value: string, previous: readonly string[] | undefined): readonly string[] => [
    ...(previous ?? []),
    value,
  ]
  command
    .description(DESCRIPTION)
    .summary('call a function, or run a command, for every input')
    .usage(
      '[options] MODULE[#EXPORT] [INPUT...]\n       tidypool run [options] [INPUT...] -- COMMAND [ARGUMENT...]',
    )
    .argument('[WORD...]')
    .helpOption('-h, --help', 'print this help')
    // To commander the value is one that may follow; it is taken only after "=" (see program.ts).
    .configureHelp({ optionTerm: ({ flags }) => flags.replace('--resume [any]', '--resume[=any]') })
    .optionsGroup('Inputs:')
    .option('--input <FILE>', 'read inputs from a file, - for standard input (repeatable)', list)
    .option(
      '--format <FORMAT>',
      'lines, jsonl or null (default: by the file extension, else lines)',
    )
    .option('--range <FROM..TO>', 'whole numbers as inputs, both ends included')
    .option('--start <N>', 'pass over the first N inputs')
    .option('--limit <N>', 'run at most N inputs')
    .option('--ids <ID,ID>', 'run the inputs with these ids (repeatable)', list)
    .option('--sample <N>', 'run N inputs chosen at random')
    .option('--seed <N>', 'make --sample choose the same ones again')
    .option('--param <KEY=VALUE>', 'pass a parameter to the task (repeatable)', list)
    .optionsGroup('Running:')
    .option('-j, --jobs <N>', 'workers: a number, 50% of the processors, or auto (default: auto)')
    .option(
      '--kind <KIND>',
      'of a module: auto, process, thread or inline; auto is process, and less of it under pressure (default: auto)',
    )
    .option('--timeout <TIME>', 'end a call or a command that runs longer, such as 10s')
    .option('--deadline <TIME>', 'end the run after this time, such as 600s')
    .option('--kill-after <TIME>', 'how long what is cancelled may take to end (default: 3s)')
    .option('--stuck-after <TIME>', 'tell of a call or a command without a sign for this time')
    .option(
      '--on-stuck <ACTION>',
      'report, capture its stack, or kill it as well (default: report)',
    )
    .option('--retries <N>', 'run a failed input up to N times more (default: 0)')
    .option('--halt <WHEN,fail=N>', 'end early on failures: now,fail=1 or soon,fail=10%')
    .option('--memfree <SIZE>', 'begin no input while less memory than this is free')
    .option('--load <N>', 'begin no input while the load is not below N, or N% of the processors')
    .option('--keep-order', 'write results in the order of the inputs')
    .option('--max-instances <N>', 'wait until fewer than N runs of this name are under way')
    .option('--instance-name <NAME>', 'that name (default: base name of module or command)')
    .option('--instance-wait <TIME>', 'give up after this time, 0 for at once: exit code 75')
    .option('--dry-run', 'list what would run, and run nothing')
    .optionsGroup('Commands:')
    .option('--shell', 'COMMAND is a script for /bin/sh, into which inputs are put quoted')
    .option('--tag', 'begin each line of output with the input and a tab')
    .option('--joblog <FILE>', 'log the commands in the columns of GNU parallel')
    .optionsGroup('Results:')
    .option(
      '-o, --out <FILE>',
      'append results to a file (default: standard output;\nof commands: none)',
    )
    .addOption(
      new Option('--resume [any]', 'go on with --out, pass over what is done in it').argParser(
        (value: string) => value,
      ),
    )
    .option('--retry-failed', 'with --resume: run again what failed')
    .option('--force', 'replace what is in --out')
    .option('-q, --quiet', 'no progress and no summary')
    .option('--json', 'summary and errors as JSON')
    .option('--stats', 'after the summary, what the run used, held and released')
    .optionsGroup('Help:')
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_CODES_HELP}\n\nThe manual is docs/run.md.`)
  return command
}
