/** The options of `tidypool prove` and its help. What their texts mean is read in prove-options.ts. */
import type { Command } from 'commander'

/** Options as commander leaves them: text. */
export interface RawProveOptions {
  readonly times?: string
  readonly only?: readonly string[]
  readonly mode?: string
  readonly seed?: string
  readonly within?: string
  readonly grace?: string
  readonly settle?: string
  readonly private: boolean
  readonly report?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

const DESCRIPTION = `Ends a command in every way, at random moments, and shows what each end leaves:
processes, semaphores, shared memory, System V objects, files, sockets.

Each way is tried bare and under \`tidypool exec --tmp\`, by turns. The command
runs many times: it should be one that may. Its standard output is thrown away;
what a run leaves is counted, and removed before the next.`

const EXAMPLES = `Examples:
  $ tidypool prove -- python3 batch.py
  $ tidypool prove --times 20 --report proof.html -- node pool.js
  $ tidypool prove --only sigterm sigkill --mode bare -- ./run-tests.sh
  $ tidypool prove --within 10s -- ./server`

const EXIT_CODES = `Exit codes:
  0    nothing was left (with --mode both: under exec)
  1    something was left
  2    the command line asks for something that cannot be
  70   tidypool itself failed
  A proof that is ended by a signal shows what it has, and dies of that signal.`

export function describeProve(command: Command): Command {
  command
    .description(DESCRIPTION)
    .summary('end a command in every way, and show what each end leaves')
    .usage('[options] -- <COMMAND> [ARGUMENT...]')
    .argument('<COMMAND>', 'the program, looked up in PATH')
    .argument('[ARGUMENT...]', 'its arguments, given as they are')
    .helpOption('-h, --help', 'print this help')
    // What follows the command is the command's.
    .passThroughOptions()
    .option('--times <N>', 'how often each way is tried, in each mode (default: 5)')
    .option('--only <WAY...>', 'only these ways; the manual lists them')
    .option('--mode <MODE>', 'bare, exec or both (default: both)')
    .option('--seed <N>', 'draw the same moments again (default: 1)')
    .option('--within <TIME>', 'end a longer command within this time (default: 60s)')
    .option('--grace <TIME>', 'how long it may take to end when told to (default: 5s)')
    .option('--settle <TIME>', 'how long what is left may take to go (default: 2s)')
    .option('--no-private', 'give the runs no /dev/shm and System V objects of their own')
    .option('--report <FILE>', 'write a page to look at in a browser')
    .option('--json', 'results as JSON')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_CODES}\n\nThe manual is docs/prove.md.`)
  return command
}
