/** The options of `tidypool exec` and its help. What their texts mean is read in exec-options.ts. */
import type { Command } from 'commander'
import type { RawInstanceOptions } from './instance-options.ts'

/** Options as commander leaves them: text. */
export interface RawExecOptions extends RawInstanceOptions {
  readonly timeout?: string
  readonly killAfter?: string
  readonly signal?: string
  readonly allow?: readonly string[]
  readonly memory?: string
  readonly pids?: string
  readonly isolate?: boolean
  readonly bind?: readonly string[]
  readonly clean: boolean
  readonly tmp?: boolean
  readonly failOnLeak?: boolean
  readonly report?: string
  readonly quiet?: boolean
}

const DESCRIPTION = `Runs a command as if it had been run directly, and ends what it leaves running.

Standard streams, terminal, environment, working directory and exit status are
the command's own. When it has ended, by itself or by --timeout, its descendants
are asked to end, killed after --kill-after, and named on standard error. When
tidypool itself is killed, they are ended all the same. Semaphores and shared
memory that they made and nobody uses are removed.`

const EXAMPLES = `Examples:
  $ tidypool exec -- python3 train.py
  $ tidypool exec --timeout 600s --kill-after 5s -- make test
  $ tidypool exec --fail-on-leak --report leaks.json -- npm test
  $ tidypool exec --allow gpg-agent -- ./release.sh
  $ tidypool exec --isolate --bind /tmp/out -- ./build.sh
  $ tidypool exec -- nohup ./server      (signals that are ignored are so for it)`

const EXIT_CODES = `Exit codes:
  0-255  those of the command; when it dies of a signal, so does tidypool
  2      the command line asks for something that cannot be
  3      with --fail-on-leak: the command ended with 0, and left something running
  75     with --max-instances: there was no place in time, and nothing ran
  124    the time-out was reached
  125    tidypool itself failed
  126    the command may not be executed
  127    there is no such command`

export function describeExec(command: Command): Command {
  const list = (value: string, previous: readonly string[] | undefined): readonly string[] => [
    ...(previous ?? []),
    value,
  ]
  command
    .description(DESCRIPTION)
    .summary('run a command, and end what it leaves')
    .usage('[options] -- <COMMAND> [ARGUMENT...]')
    .argument('<COMMAND>', 'the program, looked up in PATH')
    .argument('[ARGUMENT...]', 'its arguments, given as they are')
    .helpOption('-h, --help', 'print this help')
    // What follows the command is the command's.
    .passThroughOptions()
    .option('--timeout <TIME>', 'end the command after this time, such as 600s')
    .option('--kill-after <TIME>', 'how long who is asked to end may take (default: 5s)')
    .option('--signal <NAME>', 'what asks to end: TERM, INT, HUP… (default: TERM)')
    .option(
      '--allow <PATTERN>',
      'a process that may stay, by name or command line (repeatable)',
      list,
    )
    .option(
      '--memory <SIZE>',
      'limit for all its processes together, such as 2GiB (needs a cgroup)',
    )
    .option('--pids <N>', 'limit for its processes and threads together (needs a cgroup)')
    .option('--tmp', 'give it a temporary directory of its own, which goes with it')
    .option('--isolate', 'processes, semaphores, shared memory and /tmp of its own')
    .option(
      '--bind <PATH[:PATH]>',
      'with --isolate: what it sees of /tmp all the same (repeatable)',
      list,
    )
    .option('--no-clean', 'only name what is left, end and remove nothing')
    .option('--max-instances <N>', 'wait until fewer than N commands of this name run')
    .option('--instance-name <NAME>', "that name (default: the command's base name)")
    .option('--instance-wait <TIME>', 'give up after this time, 0 for at once: exit code 75')
    .option('--fail-on-leak', 'exit code 3 when something was left')
    .option('--report <FILE>', 'write what happened as JSON')
    .option('-q, --quiet', 'say nothing')
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_CODES}\n\nThe manual is docs/exec.md.`)
  return command
}
