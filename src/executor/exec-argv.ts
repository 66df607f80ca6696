/**
 * The options of node that workers take over. Not those that belong to one process: a debugger's port, a
 * profile's file, the test runner, the file watcher, and code given on the command line.
 */
const NOT_INHERITED =
  /^(--inspect|--debug|--cpu-prof|--heap-prof|--prof|--watch|--test|--eval(=|$)|--print(=|$)|-e$|-p$|-pe$|--check$|-c$|--interactive$|-i$|--input-type|--env-file|--run)/
/** Of the above, those whose value may be the next word. */
const WITH_VALUE =
  /^(-e|-p|-pe|--eval|--print|--cpu-prof-(dir|name|interval)|--heap-prof-(dir|name|interval)|--inspect-port|--debug-port|--inspect-publish-uid|--watch-path|--test-(name-pattern|reporter|reporter-destination|concurrency|timeout|shard|skip-pattern|isolation|coverage-(include|exclude|branches|functions|lines)|global-setup|rerun-failures|random-seed)|--input-type|--env-file|--run)$/

export function workerExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < execArgv.length; index += 1) {
    const option = execArgv[index] ?? ''
    if (NOT_INHERITED.test(option)) {
      if (WITH_VALUE.test(option)) index += 1
    } else kept.push(option)
  }
  return kept
}

/** What bears on how a thread loads modules and tells errors. Of the others many are refused, as they hold for the whole process. */
const OF_THREADS =
  /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--enable-source-maps|--preserve-symlinks|--(no-|trace-)?warnings|--(no-|trace-)?deprecation)(=|$)/
const OF_THREADS_WITH_VALUE =
  /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)$/

/**
 * The options of node that threads are given.
 *
 * @returns undefined where they may have those of the program, as they do by themselves. Not so with `--input-type`: it goes with code on
 *   the command line, and no thread would begin.
 */
export function threadExecArgv(execArgv: readonly string[]): string[] | undefined {
  if (!execArgv.some((option) => option.startsWith('--input-type'))) return undefined
  const inherited = workerExecArgv(execArgv)
  return inherited.filter(
    (option, index) =>
      OF_THREADS.test(option) || OF_THREADS_WITH_VALUE.test(inherited[index - 1] ?? ''),
  )
}
