/**
 * Puts a command into pid, ipc and mount namespaces of its own, with new /proc, /tmp and /dev/shm: when it has ended, the
 * kernel takes back all processes, semaphores and shared memory that it made, and what lies in its /tmp.
 *
 * ```
 *   unshare:  holder (sh) ──▶ init (sh, process 1) ──▶ command
 *   bwrap:    bwrap ──▶ its process 1 ──▶ reporter (sh) ──▶ command
 * ```
 *
 * Init or reporter, one script, tells us by a socket which process the command is, waits until we say go, tells how it
 * ended, and keeps the namespaces until we close the socket: so that what the command left can be asked to end, and named.
 * What comes before the command is built of words that each start the next ones.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { deathSignal } from '../os/death-signal.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { quote, withDropped, withoutChanges } from '../lifetime/shell-environment.ts'
import { findObstacles } from './isolation-obstacles.ts'
import type { Bind, Places } from './private-places.ts'

/** That a command shall be isolated. */
export interface Isolation {
  readonly binds: readonly Bind[]
}

export type IsolationName = `namespaces (${'unshare' | 'bwrap'})`

/** How the inner script and we reach each other. */
interface Wires {
  /** The descriptor of its socket. */
  readonly socket: number
  /**
   * Where standard error is kept for the command, while the socket has the messages of what comes before it; undefined:
   * they go to standard error.
   */
  readonly stderr: number | undefined
}

/** What stands between us and the command. */
export interface IsolatedCommand {
  readonly words: readonly string[]
  readonly places: Places
  readonly env: NodeJS.ProcessEnv
  /** The command leads a session of its own. */
  readonly leadsSession: boolean
}

/** A way to isolate that works here. */
export interface Isolator {
  readonly name: IsolationName
  readonly wrap: (command: IsolatedCommand, wires: Wires) => readonly string[]
}

/** Nothing here can isolate. */
export class NoIsolationError extends Error {
  override name = 'NoIsolationError'
}

/** What a terminal, `timeout` or a service manager sends to a whole group must not end what the command stands on. */
const SURVIVED = 'HUP INT QUIT PIPE ALRM TERM USR1 USR2 VTALRM PROF XCPU XFSZ'

let found: Isolator | undefined

/**
 * The first way that works, found out by running each. unshare comes first, because under bwrap no program can gain
 * rights (`sudo`), and because bwrap has to be kept from what Ctrl-C does to it.
 *
 * @throws {NoIsolationError} none works; it says why, and what would help.
 */
export function isolator(): Isolator {
  found ??= probe()
  return found
}

function probe(): Isolator {
  const refusals: string[] = []
  let wasTried = false
  for (const candidate of candidates()) {
    let refused: string | undefined
    if ('refused' in candidate) {
      refused = candidate.refused
    } else {
      refused = tryOnce(candidate)
      if (refused === undefined) return candidate
      wasTried = true
    }
    if (!refusals.includes(refused)) refusals.push(refused)
  }
  const remedies = wasTried ? findObstacles() : []
  throw new NoIsolationError(
    `--isolate cannot be had here: ${[...refusals, ...remedies].join('; ')}`,
  )
}

interface Refusal {
  readonly refused: string
}

function candidates(): readonly (Isolator | Refusal)[] {
  if (process.platform !== 'linux') return [{ refused: `${process.platform} has no namespaces` }]
  // With a user namespace root loses the rights over other users' files, but in some containers that is all there is.
  const asUser = [byUnshare({ withUser: true }), byBwrap()]
  return process.getuid?.() === 0 ? [byUnshare({ withUser: false }), ...asUser] : asUser
}

/** @returns what it said when it failed. */
function tryOnce({ name, wrap }: Isolator): string | undefined {
  const command = {
    words: ['true'],
    places: { binds: [], parents: [], cwd: '/', folders: [] },
    env: process.env,
    leadsSession: true,
  }
  // Standard input as the socket: it says go, and then it is at its end.
  const [file = '', ...args] = wrap(command, { socket: 0, stderr: undefined })
  const { status, error, stderr } = spawnSync(file, args, {
    input: 'go\n',
    stdio: ['pipe', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (status === 0) return undefined
  const said = stderr.trim().replaceAll(/\s*\n\s*/g, ', ')
  return `${name}: ${said || (error?.message ?? `it ended with ${status}`)}`
}

/**
 * unshare becomes the holder, a shell outside of the new pid namespace, whose first child is its process 1. It has
 * handlers for what it survives: its children have the default actions again, which they would not if it ignored them.
 */
function byUnshare({ withUser }: { readonly withUser: boolean }): Isolator | Refusal {
  const tools = findTools(['unshare', 'mount', 'mkdir', 'setsid', ...(withUser ? ['setpriv'] : [])])
  if ('refused' in tools) return tools
  const user = withUser ? ['--user', '--map-current-user', '--keep-caps'] : []
  const own = ['--mount', '--ipc', '--pid', ...user, '--']
  // Rights over the namespace are for the mounts; the command has none.
  const asBefore = withUser
    ? [tools.path('setpriv'), '--inh-caps=-all', '--ambient-caps=-all', '--']
    : []
  return {
    name: 'namespaces (unshare)',
    wrap: (command, wires) => [
      ...shell(`${messagesTo(wires)}exec "$@"`),
      tools.path('unshare'),
      ...own,
      ...shell(`trap : ${SURVIVED}; "$@"; exit $?`),
      ...(deathSignal().prefix ?? []),
      ...shell(`${mountAll(tools, command.places)}${report(tools, command, wires)}`),
      ...asBefore,
      ...theCommand(command, wires, tools.path('setsid')),
    ],
  }
}

/** bwrap does not handle what it should survive, so that it has to ignore it; `env` gives the command its defaults back. */
function byBwrap(): Isolator | Refusal {
  const tools = findTools(['bwrap', 'mkdir', 'chmod', 'setsid', 'env'])
  if ('refused' in tools) return tools
  const own = ['--unshare-pid', '--unshare-ipc', '--die-with-parent']
  own.push('--dev-bind', '/', '/', '--proc', '/proc', '--tmpfs', '/tmp', '--tmpfs', '/dev/shm')
  const chmod = quote(tools.path('chmod'))
  // It makes folders that nobody else may enter.
  const open = ({ parents }: Places): string =>
    [`${chmod} 1777 /tmp /dev/shm`, ...parents.map((folder) => `${chmod} 755 ${quote(folder)}`)]
      .map((line) => `${line} || exit; `)
      .join('')
  return {
    name: 'namespaces (bwrap)',
    wrap: (command, wires) => [
      ...shell(`trap '' ${SURVIVED}; ${messagesTo(wires)}exec "$@"`),
      tools.path('bwrap'),
      ...own,
      ...command.places.binds.flatMap(({ source, target }) => ['--dev-bind', source, target]),
      '--',
      ...shell(`${open(command.places)}${report(tools, command, wires)}`),
      tools.path('env'),
      `--default-signal=${SURVIVED.replaceAll(' ', ',')}`,
      ...theCommand(command, wires, tools.path('setsid')),
    ],
  }
}

function shell(script: string): readonly string[] {
  return ['/bin/sh', '-c', script, 'tidypool-isolate']
}

function messagesTo({ socket, stderr }: Wires): string {
  return stderr === undefined ? '' : `exec ${stderr}>&2 2>&${socket}; `
}

/** mount(8) would follow a source to its name, which is covered by then. */
const bindHere = '--no-canonicalize --rbind'

/**
 * Mounts need their sources, and cover them: so a shell has its working directory at each before, one within the other,
 * and binds it afterwards.
 */
function mountAll(tools: Tools, { binds }: Places): string {
  const run = quote(tools.path('mount'))
  const make = `${quote(tools.path('mkdir'))} -p --`
  const own = ['/tmp', '/dev/shm'].map(
    (folder) => `${run} -t tmpfs -o mode=1777,nosuid,nodev tidypool ${folder}`,
  )
  let script = [`${run} -t proc proc /proc`, ...own].join(' && ')
  for (const { source, target, isFolder } of binds) {
    const to = quote(target)
    const [folder, name] = isFolder ? [source, '.'] : [path.dirname(source), path.basename(source)]
    const place = isFolder
      ? `${make} ${to}`
      : `${make} ${quote(path.dirname(target))} && { [ -e ${to} ] || : >${to}; }`
    script = `( cd -- ${quote(folder)} && { ${script}; } && ${place} && ${run} ${bindHere} ${quote(`./${name}`)} ${to} )`
  }
  return `${script} || exit; `
}

/** Shells print what signal ended a command, by which we know it from an exit; bash as `sh` does not. */
const sayHowItEnds = '[ -z "$BASH_VERSION" ] || command set +o posix 2>/dev/null; '

/** Runs what follows, tells how it ended, and stays until nobody listens any more. */
function report(tools: Tools, { places }: IsolatedCommand, { socket }: Wires): string {
  const folders = places.folders.map(quote).join(' ')
  const make = folders === '' ? '' : `${quote(tools.path('mkdir'))} -p -- ${folders} || exit; `
  return (
    `${make}cd -- ${quote(places.cwd)} || exit; ${sayHowItEnds}trap : ${SURVIVED}; "$@"; status=$?; ` +
    `echo "end $status" >&${socket}; read -r x <&${socket}; exit $status`
  )
}

/** The last before the command: it has its process number already, its session, and nothing of ours when it goes. */
function theCommand(
  { words, env, leadsSession }: IsolatedCommand,
  { socket, stderr }: Wires,
  setsid: string,
): readonly string[] {
  const own = stderr === undefined ? '' : `2>&${stderr} ${stderr}>&- ${socket}>&-`
  const script =
    `read -r pid rest </proc/self/stat; echo "pid $pid" >&${socket}; read -r x <&${socket} || exit 1; ` +
    `${withoutChanges(env)}exec "$@" ${own}`
  return [...(leadsSession ? [setsid] : []), ...shell(script), ...withDropped(env), ...words]
}

const PACKAGES: Readonly<Record<string, string>> = {
  bwrap: 'bubblewrap',
  mount: 'mount',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  unshare: 'util-linux',
}

/** Where the programs are, whatever PATH the command gets. */
interface Tools {
  path(name: string): string
}

function findTools(names: readonly string[]): Tools | Refusal {
  const paths = new Map<string, string>()
  for (const name of names) {
    const file = resolveCommand(name, { env: process.env, cwd: undefined })
    if (file === undefined) {
      const from = PACKAGES[name] ?? 'coreutils'
      return { refused: `${name} is not in PATH (Debian has it in the package ${from})` }
    }
    paths.set(name, file)
  }
  return { path: (name) => paths.get(name) ?? name }
}
