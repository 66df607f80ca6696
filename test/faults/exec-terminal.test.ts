/** H1 to H4: `exec` in a terminal, with a shell in it that does job control. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { bench, processesWith, until, type Bench } from '../cli/command.ts'
import { terminal, type Terminal } from '../cli/tmux.ts'
import { faultRow, type RepeatContext } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, tidypool } from './exec-command.ts'

const skip = needs('linux', 'tmux', 'setsid')
const row = { repeats: 15, ciRepeats: 1, skip }
const exec = [...tidypool, 'exec'].join(' ')
/** As it is here, and where processes of ours stand between the terminal and the command. */
const holders = [
  { by: '', variables: {}, row },
  {
    by: ', held by perl',
    variables: { TIDYPOOL_CONTAINMENT: 'perl' },
    row: { ...row, skip: skip || lacks('perl') },
  },
]

/** What stays behind its command, unless somebody ends it. */
const leaves = 'setsid sleep 1001 & sleep 1002 &'
/** Counts in a file for as long as it runs. */
const counts = 'n=0; while :; do n=$((n+1)); echo $n >count; sleep 0.05; done'

interface Session {
  readonly b: Bench
  readonly term: Terminal
  /** Types a script to be run by bash under `exec`. */
  readonly run: (script: string, options?: string) => void
  /** Waits for the prompt, and asks there how it ended and whether the terminal is as it was. */
  readonly ended: (status: number) => Promise<void>
}

async function session(t: RepeatContext, variables: NodeJS.ProcessEnv = {}): Promise<Session> {
  const b = bench(t)
  Object.assign(b.env, variables)
  const term = await terminal(b)
  term.type('ulimit -c 0; stty -a > before')
  await until(() => existsSync(b.file('before')), 'the modes of the terminal')
  return {
    b,
    term,
    run: (script, options = '') => {
      b.write('script', script)
      term.type(`${exec} ${options} -- bash script`)
    },
    ended: async (status) => {
      await term.shows(/ready>$/)
      term.type('echo "status $?"; stty -a > after')
      await term.shows(new RegExp(`^status ${status}$`, 'm'))
      await until(() => sizeOf(b, 'after') > 0, 'the modes of the terminal')
      assert.equal(b.read('after'), b.read('before'))
      assert.ok(term.cursorIsVisible())
    },
  }
}

for (const { by, variables, row } of holders) {
  faultRow({ id: 'H1', kind: `exec, Ctrl-C once${by}`, ...row }, async (t) => {
    const { b, term, run, ended } = await session(t, variables)
    run(`${leaves} echo begun; sleep 1000`)
    await term.shows(/^begun$/m)
    term.press('C-c')
    await ended(130)
    await gone(b)
  })
}

for (const { by, variables, row } of holders) {
  const kind = `exec, Ctrl-C at a random moment of its start${by}`
  faultRow({ id: 'H1', kind, ...row, repeats: 50, ciRepeats: 4 }, async (t) => {
    const { b, term, ended } = await session(t, variables)
    // Not by bash, which does not end when it has the signal and what it has just started has not.
    term.type(`${exec} -- sleep 1000`)
    // The moment is the fault: no condition to wait for.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
    term.press('C-c')
    await ended(130)
    await gone(b)
  })
}

faultRow({ id: 'H1', kind: 'exec, Ctrl-C twice', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run(
    `${leaves} trap 'echo once more; trap "exit 9" INT' INT; echo begun; while :; do sleep 0.1; done`,
  )
  await term.shows(/^begun$/m)
  term.press('C-c')
  await term.shows(/once more$/m)
  assert.ok(isAtWork(b), 'what its command does with the first one is its business')
  term.press('C-c')
  await ended(9)
  await gone(b)
})

faultRow({ id: 'H1', kind: 'exec, Ctrl-\\', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run(`${leaves} trap '' INT; echo begun; exec sleep 1003`)
  await term.shows(/^begun$/m)
  term.press('C-\\')
  await ended(131)
  await gone(b)
})

faultRow({ id: 'H1', kind: 'exec, Ctrl-C while a password is asked for', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run(`trap 'stty echo; exit 130' INT; stty -echo; read -rp 'password: ' word </dev/tty; stty echo`)
  await term.shows(/^password:/m)
  term.press('C-c')
  await ended(130)
  await gone(b)
})

for (const { by, variables, row } of holders) {
  faultRow({ id: 'H2', kind: `exec, Ctrl-Z, bg, fg${by}`, ...row, repeats: 20 }, async (t) => {
    const { b, term, run, ended } = await session(t, variables)
    run(counts, '--timeout 60s')
    await until(() => countIn(b) > 2, 'it to count')
    term.press('C-z')
    await term.shows(/Stopped/)
    await until(() => statesOf(b).every((state) => state === 'T'), 'all of it to be stopped')
    const stoppedAt = countIn(b)
    term.type('bg')
    await until(() => countIn(b) > stoppedAt + 2, 'it to count in the background')
    term.type('echo here')
    await term.shows(/^here$/m)
    term.type('fg')
    const foregroundAt = countIn(b)
    await until(() => countIn(b) > foregroundAt + 2, 'it to count in the foreground')
    term.press('C-c')
    await ended(130)
    await gone(b)
  })
}

faultRow({ id: 'H2', kind: 'exec, stopped time does not count', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run('echo begun; while [ ! -e go ]; do sleep 0.05; done; echo went on; exit 6', '--timeout 3s')
  await term.shows(/^begun$/m)
  term.press('C-z')
  await term.shows(/Stopped/)
  const since = performance.now()
  await until(() => performance.now() - since > 4000, 'longer than the limit')
  b.write('go', '')
  term.type('fg')
  await term.shows(/^went on$/m)
  await ended(6)
})

for (const { by, variables, row } of holders) {
  faultRow({ id: 'H2', kind: `exec, killed while it is stopped${by}`, ...row }, async (t) => {
    const { b, term, run } = await session(t, variables)
    run(`${leaves} ${counts}`)
    await until(() => countIn(b) > 2, 'it to count')
    term.press('C-z')
    await term.shows(/Stopped/)
    term.type('kill -9 %1')
    await gone(b)
  })
}

for (const [kind, trap] of [
  ['a command that ends by it', ''],
  ['a command that leaves in order', `trap 'echo left >said; exit 0' HUP;`],
] as const) {
  faultRow({ id: 'H3', kind: `exec, ${kind}`, ...row, repeats: 25 }, async (t) => {
    const { b, term, run } = await session(t)
    run(`${leaves} ${trap} ${counts}`)
    await until(() => countIn(b) > 2, 'it to count')
    term.close()
    await b.nothingIsLeft()
    assert.equal(sizeOf(b, 'said') > 0, trap !== '')
  })
}

faultRow({ id: 'H4', kind: 'exec, /dev/tty and stdin', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run('test -t 0 && echo text >/dev/tty; read -r a; read -r b </dev/tty; echo "got $a and $b"')
  await term.shows(/^text$/m)
  term.type('one')
  term.type('two')
  await term.shows(/^got one and two$/m)
  await ended(0)
  await gone(b)
})

faultRow({ id: 'H4', kind: 'exec, the end of stdin', ...row }, async (t) => {
  const { b, term, run, ended } = await session(t)
  run('cat >typed')
  await until(() => existsSync(b.file('typed')), 'cat to read')
  term.type('a line')
  term.press('C-d')
  await ended(0)
  assert.equal(b.read('typed'), 'a line\n')
})

faultRow({ id: 'H4', kind: 'exec, in a pipeline of a terminal', ...row }, async (t) => {
  const { b, term, ended } = await session(t)
  term.type(`seq 1 100000 | ${exec} -- cat | head -n 2; (exit "\${PIPESTATUS[1]}")`)
  await term.shows(/^1\n2$/m)
  await ended(141)
  term.type(`${exec} -- sh -c 'cat </dev/tty; ${leaves} exit 5' | cat; (exit "\${PIPESTATUS[0]}")`)
  await term.shows(/ready> .*\n*$/)
  term.type('through a pipe')
  term.press('C-d')
  await term.shows(/^through a pipe\nthrough a pipe$/m)
  await ended(5)
  await gone(b)
})

/** Without a terminal, each of these ends and writes as it does directly. */
const pipelines: readonly (readonly [kind: string, script: string])[] = [
  ['stdin', 'seq 1 1000 | EXEC sort -rn | tail -n 3'],
  ['the reader goes away', 'EXEC seq 1 1000000 | head -n 1; echo "${PIPESTATUS[@]}"'],
  ['nobody reads at all', 'EXEC sh -c "sleep 0.2; echo x; echo y" | true; echo "${PIPESTATUS[@]}"'],
  [
    'a command that takes EPIPE for an error',
    `EXEC python3 -S -c '
import sys, signal
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
try:
    while True: print("x" * 1000, flush=True)
except BrokenPipeError:
    sys.stderr.write("EPIPE\\n"); sys.stderr.flush(); __import__("os")._exit(4)' | head -n 1 | wc -c; echo "\${PIPESTATUS[@]}"`,
  ],
  ['stderr closed', 'EXEC sh -c "echo x; exit 3" 2>&-; echo $?'],
  ['a here document', 'EXEC cat <<EOF\ntext\nEOF'],
  ['in the background', 'EXEC sh -c "exit 6" & wait $!; echo $?'],
  ['in a command substitution', 'echo "<$(EXEC printf "a\\nb")>"'],
]

for (const [kind, script] of pipelines) {
  faultRow(
    { id: 'H4', kind: `exec, ${kind}`, ...row, skip: needs('linux', 'python3') },
    async (t) => {
      const b = bench(t)
      const shell = (words: string) => {
        const text = `set -o pipefail; ${script.replaceAll('EXEC', words)}`
        const { status, stdout, stderr } = spawnSync('bash', ['-c', text], {
          cwd: b.folder,
          env: b.env,
          encoding: 'utf8',
          timeout: 30_000,
        })
        return { status, stdout, stderr }
      }
      // Quiet, since what other tests make at this time would be named.
      assert.deepEqual(shell(`${exec} -q --`), shell('env'))
      await b.nothingIsLeft()
    },
  )
}

function countIn(b: Bench): number {
  return sizeOf(b, 'count') > 0 ? Number(b.read('count')) : 0
}

function sizeOf(b: Bench, name: string): number {
  return existsSync(b.file(name)) ? statSync(b.file(name)).size : 0
}

/** What runs of it, but for the terminal and its shell. */
function ours({ env }: Bench): string[] {
  return processesWith(env['TIDYPOOL_TEST_BENCH'] ?? '').filter(
    (line) => !/^\d+ (tmux|bash --norc)/.test(line),
  )
}

async function gone(b: Bench): Promise<void> {
  await until(
    () => ours(b).length === 0,
    () => `all of it to be gone, but there is ${ours(b).join(', ')}`,
  )
}

function isAtWork(b: Bench): boolean {
  return ours(b).some((line) => line.includes('bash script'))
}

/** The states of the command line and of its command: guardians are not stopped by anybody. */
function statesOf(b: Bench): (string | undefined)[] {
  return ours(b)
    .filter((line) => /bash script/.test(line))
    .map((line) => {
      try {
        const stat = readFileSync(`/proc/${Number.parseInt(line, 10)}/stat`, 'utf8')
        return /\) (\S)/.exec(stat)?.[1]
      } catch {
        return undefined // it has ended
      }
    })
}
