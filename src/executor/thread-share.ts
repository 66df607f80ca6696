/**
 * How many threads the programs that a worker starts may use. Left alone, each of them takes all processors: eight workers on
 * eight processors, each with a library for linear algebra, are 64 threads.
 */
import { outerBudget } from '../lifetime/budget.ts'
import { availableParallelism } from '../os/parallelism.ts'

/** Variables by which libraries and run times are told how many threads to start for computing. */
const THREAD_VARIABLES = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'BLIS_NUM_THREADS',
  'VECLIB_MAXIMUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'NUMBA_NUM_THREADS',
  'RAYON_NUM_THREADS',
  'POLARS_MAX_THREADS',
  'GOMAXPROCS',
] as const

/**
 * Node's pool is for calls that block, such as files and names of hosts: with one thread, a name server that does not answer,
 * or a named pipe that nobody opens, would stop every file operation of the program.
 */
const LEAST_BLOCKING = 2

/** Processors for each of so many workers. */
export function shareOf(processors: number, maxWorkers: number): number {
  return Math.max(1, Math.floor(processors / maxWorkers))
}

/** What commands are given of which so many run at a time: our environment, and their share of the processors. */
export function environmentOfJobs(jobs: number): NodeJS.ProcessEnv {
  const outerShare = outerBudget()?.address.share
  const share = shareOf(outerShare ?? availableParallelism(), jobs)
  return { ...process.env, ...threadVariables(share, outerShare) }
}

/**
 * The variables for a worker with that share, without those that the user set.
 *
 * @param outerShare  What we set ourselves in `env`, when we run in a worker: a variable with that value is ours to lower.
 */
export function threadVariables(
  share: number,
  outerShare: number | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const variables: Record<string, string> = {}
  const set = (name: string, of: (share: number) => number): void => {
    const ours = outerShare === undefined ? undefined : String(of(outerShare))
    if (env[name] === undefined || env[name] === ours) variables[name] = String(of(share))
  }
  for (const name of THREAD_VARIABLES) set(name, (threads) => threads)
  set('UV_THREADPOOL_SIZE', (threads) => Math.max(LEAST_BLOCKING, threads))
  return variables
}
