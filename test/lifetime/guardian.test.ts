import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { carriersOf, groupOf, isGone, startOf, stateOf, until } from './conditions.ts'
import { programPath, runProgram, startOwner, type Owner } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** The guardian of the owner that runs now. */
function guardianOf(owner: Owner): number | undefined {
  return carriersOf(owner.state).find((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
      return command.includes('tidypool-guardian') && command.includes('guardian') && !isGone(pid)
    } catch {
      return false // it has just ended
    }
  })
}

for (const how of ['wait', 'loop']) {
  test(`an owner that is killed (${how}) leaves no process, no directory and no journal`, async (t) => {
    const owner = await startOwner(t, { args: [how] })
    assert.equal(owner.journals().length, 1)
    owner.child.kill('SIGKILL')
    await owner.isCleaned()
  })
}

test('killing the process group of the owner changes nothing', async (t) => {
  const owner = await startOwner(t)
  process.kill(-owner.pid, 'SIGKILL')
  await owner.isCleaned()
})

test('a child with an empty environment goes with the group of its parent when the owner is killed', async (t) => {
  const tmp = tempFolder(t)
  const owner = spawn(process.execPath, [programPath('bare-child.mjs')], {
    env: { ...process.env, TMPDIR: tmp, TIDYPOOL_STATE_DIR: path.join(tmp, 'state') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  t.after(() => isGone(pid) || process.kill(pid, 'SIGKILL'))
  assert.equal(isGone(pid), false)
  owner.kill('SIGKILL')
  await until(() => isGone(pid), 'the bare child to be gone')
})

const leaderless = [
  {
    whose: 'a job of a shell',
    script: 'set -m; (sleep 1000 & echo $!; exit 0) & wait; sleep 1000',
  },
  { whose: 'a daemon', script: 'sleep 1000 & echo $!' },
]
for (const { whose, script } of leaderless) {
  test(`a group without leader that is not ours is left alone, whatever the journal says: ${whose}`, async (t) => {
    const started = spawn('bash', ['-c', script], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(started.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    t.after(() => isGone(pid) || process.kill(pid, 'SIGKILL'))
    t.after(() => started.exitCode === null && started.kill('SIGKILL'))
    const group = groupOf(pid) ?? pid
    await until(() => group !== pid && isGone(group), 'its group to be without leader')

    const owner = await startOwner(t)
    const [journal = ''] = owner.journals()
    // A start of long ago, and one after what the group's members have (the clock ticks each 10 ms).
    const later = Number(startOf(owner.pid)) + 1
    appendFileSync(journal, `p ${group} 1\np ${group} ${later}\n`)
    owner.child.kill('SIGKILL')
    await owner.isCleaned()
    assert.equal(isGone(pid), false)
  })
}

for (const signal of [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  'SIGALRM',
  'SIGABRT',
  'SIGSEGV',
] as const) {
  test(`${signal} ends an owner in an endless loop by that signal, and nothing is left`, async (t) => {
    const owner = await startOwner(t, { args: ['loop'] })
    const ended = once(owner.child, 'exit')
    process.kill(owner.pid, signal)
    const [exitCode, endedBy] = (await ended) as [number | null, string | null]
    assert.deepEqual([exitCode, endedBy], [null, signal])
    await owner.isCleaned()
  })
}

test('process.exit(3) while things are held gives status 3, and nothing is left', async (t) => {
  const owner = await startOwner(t, { args: ['exit'] })
  const [exitCode] = (await once(owner.child, 'exit')) as [number]
  assert.equal(exitCode, 3)
  await owner.isCleaned()
})

test('a program that has nothing left to do ends by itself with status 0, though things are held', async (t) => {
  const owner = await startOwner(t, { args: ['end'] })
  const [exitCode] = (await once(owner.child, 'exit')) as [number]
  assert.equal(exitCode, 0)
  await owner.isCleaned()
})

test('a temporary directory with a newline in its name is no trap', async (t) => {
  const tmp = path.join(tempFolder(t), 'a\nd \\0057 $(touch x) "b\n')
  mkdirSync(tmp)
  const owner = await startOwner(t, { tmp })
  assert.ok(owner.held.dir.startsWith(tmp))
  owner.child.kill('SIGKILL')
  await owner.isCleaned()
})

test('a guardian that is killed 20 times is there again each time, and cleans up in the end', async (t) => {
  const owner = await startOwner(t)
  const times: number[] = []
  for (let kill = 0; kill < 20; kill++) {
    const before = await until(() => guardianOf(owner), 'a guardian')
    const killedAt = performance.now()
    process.kill(before, 'SIGKILL')
    await until(() => {
      const now = guardianOf(owner)
      return now !== undefined && now !== before
    }, 'another guardian')
    times.push(performance.now() - killedAt)
  }
  t.diagnostic(`guarded again after ${Math.max(...times).toFixed(0)} ms at most`)
  owner.child.kill('SIGKILL')
  await owner.isCleaned()
})

test('a guardian ignores every signal that can be ignored', async (t) => {
  const owner = await startOwner(t)
  const { guardian } = owner.held
  for (const signal of [
    'SIGTERM',
    'SIGUSR1',
    'SIGUSR2',
    'SIGHUP',
    'SIGINT',
    'SIGQUIT',
    'SIGALRM',
    'SIGPIPE',
    'SIGPROF',
    'SIGXCPU',
    'SIGSYS',
    'SIGTSTP',
    'SIGTRAP',
    'SIGPOLL',
  ] as const) {
    process.kill(guardian, signal)
  }
  owner.child.kill('SIGKILL')
  await owner.isCleaned()
})

for (const order of ['guardian first', 'owner first'] as const) {
  test(
    `when the guardian is killed with its owner (${order}) workers end by the tether, and the next start does the rest`,
    { skip: needs('setpriv') },
    async (t) => {
      const owner = await startOwner(t)
      const both = [owner.held.guardian, owner.pid]
      for (const pid of order === 'owner first' ? both.toReversed() : both)
        process.kill(pid, 'SIGKILL')
      await until(() => isGone(owner.held.worker), 'the worker to be gone', 1000)
      await until(() => isGone(owner.held.tethered), 'the tethered command to be gone', 1000)
      await runProgram('sweep.mjs', [], { TIDYPOOL_STATE_DIR: owner.state })
      await owner.isCleaned()
    },
  )
}

test('a guardian that was stopped is ended by the next sweep, which does its work', async (t) => {
  const owner = await startOwner(t)
  process.kill(owner.held.guardian, 'SIGSTOP')
  await until(() => stateOf(owner.held.guardian) === 'T', 'the guardian to be stopped')
  owner.child.kill('SIGKILL')
  await once(owner.child, 'exit')
  assert.equal(stateOf(owner.held.guardian), 'T')
  await runProgram('sweep.mjs', [], { TIDYPOOL_STATE_DIR: owner.state })
  await owner.isCleaned()
})

test(
  'a guardian has no descriptor that its owner inherited, and no cookie',
  { skip: needs('linux') },
  async (t) => {
    const file = path.join(tempFolder(t), 'lock')
    const owner = await startOwner(t, {
      prefix: ['bash', '-c', `exec "$@" 7>'${file}' 9>'${file}' 20>'${file}' 40>'${file}'`, 'bash'],
      env: { TIDYPOOL_SCOPE: '0123456789abcdef0123456789abcdef.1' },
    })
    const { guardian, worker } = owner.held
    const linksOf = (pid: number) =>
      readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    assert.ok(linksOf(owner.pid).includes(file))
    assert.deepEqual(
      linksOf(guardian).filter((link) => link === file),
      [],
    )
    assert.equal(readlinkSync(`/proc/${guardian}/cwd`), '/')
    assert.ok(!readFileSync(`/proc/${guardian}/environ`, 'latin1').includes('TIDYPOOL_SCOPE='))
    assert.match(
      readFileSync(`/proc/${worker}/environ`, 'latin1'),
      /TIDYPOOL_SCOPE=0123456789abcdef0123456789abcdef\.1:[0-9a-f]{32}\.\d+\0/,
    )
    owner.child.kill('SIGKILL')
    await owner.isCleaned()
  },
)
