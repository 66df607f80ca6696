import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readStat } from '../../src/os/process-identity.ts'
import type { Sighting, WatchedCommand } from '../../src/supervisor/object-attribution.ts'
import { Lives } from '../../src/supervisor/object-lives.ts'
import { ObjectWatch } from '../../src/supervisor/object-watch.ts'
import { needs } from '../helpers/needs.ts'

const objects = fileURLToPath(new URL('../faults/programs/objects.py', import.meta.url))

/** A command of one process, and what is certain to be its own. */
class TestCommand implements WatchedCommand {
  readonly lives = new Lives()
  readonly own = new Set<string>()

  /** Runs objects.py until it has done all that. */
  async start(t: TestContext, words: string): Promise<void> {
    const child = spawn('/usr/bin/python3', [objects, ...words.split(' '), 'ready', 'wait'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const stat = readStat(child.pid ?? 0)
    assert.ok(stat)
    this.lives.see([stat])
  }

  refresh(): void {}

  onOwn({ object }: Sighting): void {
    this.own.add(object.name)
  }

  onDoubt({ object }: Sighting): void {
    this.own.delete(object.name)
  }
}

test(
  'what two commands of one process use is certain to be that of its maker, or of none',
  { skip: needs('linux', 'python3') },
  async (t) => {
    const name = `tl-${randomBytes(6).toString('hex')}`
    t.after(() => {
      for (const file of [name, `sem.${name}`]) rmSync(`/dev/shm/${file}`, { force: true })
    })
    const [maker, user] = [new TestCommand(), new TestCommand()]
    const watch = new ObjectWatch()
    for (const command of [user, maker]) watch.join(command)
    t.after(() => {
      for (const command of [user, maker]) watch.leave(command)
    })
    await maker.start(t, `segment ${name} 5000 sem ${name}`)
    await user.start(t, `map ${name} open-sem ${name}`)
    watch.look()
    const own = [maker, user].map((command) => [...command.own])
    assert.deepEqual(own, [[`sem.${name}`], []])
  },
)
