// The ways in which the proof ends a command, in the order of its table.

/**
 * Who is signalled. `started`: what the user started: the command itself, or what it runs under. `root`: the command itself,
 * where it runs under something: what the out-of-memory killer does.
 *
 * @typedef {'started' | 'started group' | 'started and trackers' | 'root' | 'root group' | 'root and trackers' | 'worker'} Target
 */

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {string} how            What the program does by itself: see programs/python/pools.py.
 * @property {NodeJS.Signals} [signal]
 * @property {Target} [target]
 * @property {readonly string[]} [prefix]  Put before everything.
 * @property {boolean} [isWrappedOnly]     Bare, another row is the same.
 */

/** @type {readonly Way[]} */
export const WAYS = [
  { name: 'normal end', how: 'normal' },
  { name: 'exception', how: 'exception' },
  { name: 'os._exit', how: 'os._exit' },
  { name: 'SIGINT', how: 'wait', signal: 'SIGINT', target: 'started' },
  { name: 'SIGINT to the group', how: 'wait', signal: 'SIGINT', target: 'started group' },
  { name: 'SIGTERM', how: 'wait', signal: 'SIGTERM', target: 'started' },
  { name: 'timeout 3s', how: 'wait', prefix: ['timeout', '3s'] },
  { name: 'timeout -k 1s 3s', how: 'wait', prefix: ['timeout', '-k', '1s', '3s'] },
  { name: 'SIGKILL', how: 'wait', signal: 'SIGKILL', target: 'started' },
  {
    name: 'SIGKILL, and of trackers',
    how: 'wait',
    signal: 'SIGKILL',
    target: 'started and trackers',
  },
  { name: 'SIGKILL to the group', how: 'wait', signal: 'SIGKILL', target: 'started group' },
  {
    name: 'SIGKILL of the command under it',
    how: 'wait',
    signal: 'SIGKILL',
    target: 'root',
    isWrappedOnly: true,
  },
  {
    name: 'SIGKILL of the command under it, and of trackers',
    how: 'wait',
    signal: 'SIGKILL',
    target: 'root and trackers',
    isWrappedOnly: true,
  },
  {
    name: 'SIGKILL to the group of the command under it',
    how: 'wait',
    signal: 'SIGKILL',
    target: 'root group',
    isWrappedOnly: true,
  },
  { name: 'SIGKILL of a worker', how: 'wait', signal: 'SIGKILL', target: 'worker' },
  { name: 'rapid start and stop', how: 'rapid' },
  {
    name: 'rapid start and stop, SIGTERM',
    how: 'for-ever',
    signal: 'SIGTERM',
    target: 'started',
  },
]

export const KINDS = [
  'futures-fork',
  'futures-spawn',
  'futures-forkserver',
  'pool-fork',
  'pool-spawn',
  'shared_memory',
  'loky',
  'joblib-memmap',
]
