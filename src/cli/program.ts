/**
 * The command line: which commands there are, their options as text. What a command needs is loaded when it runs,
 * so that `--help` and `--version` answer at once.
 */
import { readFileSync } from 'node:fs'

import { Command, CommanderError } from 'commander'

import { CommandError, EXEC_EXIT, EXIT, type End } from './exit-codes.ts'
import { describeDoctor } from './describe-doctor.ts'
import { describeExec } from './describe-exec.ts'
import { describeProve } from './describe-prove.ts'
import { describeRun } from './describe-run.ts'
import { printError, withStack } from './messages.ts'

/** @param args  Without node and the program's own name. */
export async function main(args: readonly string[]): Promise<End> {
  // A reader of our messages that goes away, or a terminal that closes, is no reason to fail. Not for `exec`: to touch the
  // stream would make it non-blocking, for the command as well.
  if (args[0] !== 'exec') process.stderr.on('error', () => {})
  // What stands behind `--` is meant for the command that is run.
  const separator = args.indexOf('--')
  const own = separator === -1 ? args : args.slice(0, separator)
  const isJson = args[0] !== 'exec' && own.includes('--json')
  let end: End = { exitCode: EXIT.ok }
  const program = newProgram((result) => (end = result), args)
  try {
    const [word] = args
    if (word === undefined) {
      throw new CommandError('a command is missing; `tidypool --help` lists them', EXIT.usage)
    }
    // An unknown command alone: with arguments behind it, commander would complain of their number.
    const isKnown =
      word.startsWith('-') || program.commands.some((command) => command.name() === word)
    const words = word === 'run' ? withExplicitResume(args) : args
    await program.parseAsync(isKnown ? words : [word], { from: 'user' })
    return end
  } catch (error) {
    return failure(error, args[0] ?? '', isJson)
  }
}

function newProgram(onEnd: (end: End) => void, args: readonly string[]): Command {
  const program = new Command('tidypool')
    .description('Runs work in parallel and leaves nothing behind.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    // Errors of the command line are told in one line, by us.
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
  const run = describeRun(program.command('run')).exitOverride()
  run.action(async (words: string[]) => {
    const { run: runCommand } = await import('./run-command.ts')
    onEnd(await runCommand(words, run.opts(), args))
  })
  const exec = describeExec(program.command('exec')).exitOverride()
  exec.action(async (command: string, rest: string[]) => {
    const { exec: execCommand } = await import('./exec-command.ts')
    onEnd(await execCommand([command, ...rest], exec.opts()))
  })
  const prove = describeProve(program.command('prove')).exitOverride()
  prove.action(async (command: string, rest: string[]) => {
    const { prove: proveCommand } = await import('./prove-command.ts')
    onEnd(await proveCommand([command, ...rest], prove.opts()))
  })
  const doctor = describeDoctor(program.command('doctor')).exitOverride()
  doctor.action(async () => {
    const { doctor: doctorCommand } = await import('./doctor-command.ts')
    onEnd(await doctorCommand(doctor.opts()))
  })
  return program
}

/**
 * `--resume` takes a value only as `--resume=any`. To commander an optional value is also what follows, and
 * `--resume inputs.txt` would be an unknown way to resume.
 */
function withExplicitResume(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.map((arg, at) =>
    arg === '--resume' && (end === -1 || at < end) ? '--resume=same' : arg,
  )
}

function failure(error: unknown, word: string, isJson: boolean): End {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: EXIT.ok } // help and version
    const text = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
    const isKnown = error.code !== 'commander.unknownCommand' && !word.startsWith('-')
    printError(`${text}; see \`tidypool ${isKnown ? `${word} ` : ''}--help\``, isJson)
    return { exitCode: EXIT.usage }
  }
  if (error instanceof CommandError) {
    printError(error.message, isJson)
    return { exitCode: error.exitCode }
  }
  printError(withStack(error), isJson)
  return { exitCode: word === 'exec' ? EXEC_EXIT.internal : EXIT.internal }
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version: number } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return number
}
