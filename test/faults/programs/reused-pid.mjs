// An owner dies with its guardian, and the number of its worker goes to somebody else before the next start:
// `reused-pid.mjs OWNER_PROGRAM`. Only in a pid namespace of its own, below a process that reaps.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sweep } from 'tidypool'

const [program = ''] = process.argv.slice(2)
assert.ok(Number(readlinkSync('/proc/self')) < 20, 'this is a pid namespace of its own')
const state = process.env['TIDYPOOL_STATE_DIR'] ?? ''

const owner = spawn(process.execPath, [program, 'process', 'busy'], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
let said = ''
owner.stdout.on('data', (text) => (said += text))
while (!said.includes('\n')) await delay(5)
const processes = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
/** @param {string} entry */
const commandOf = (entry) => {
  try {
    return readFileSync(`/proc/${entry}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
const workers = processes.filter((entry) => commandOf(entry).includes('process-entry')).map(Number)
assert.ok(workers.length > 0)
owner.kill('SIGSTOP')
for (const entry of processes) {
  if (commandOf(entry).includes('tidypool-guardian')) process.kill(Number(entry), 'SIGKILL')
}
owner.kill('SIGKILL')
const all = [...workers, owner.pid ?? 0]
while (all.some((pid) => existsSync(`/proc/${pid}`))) await delay(5)

/** @type {import('node:child_process').ChildProcess[]} */
const strangers = []
for (const pid of all) {
  // The kernel keeps a number back as long as it is that of a session in which somebody lives.
  for (let tries = 0; tries < 5; tries++) {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1))
    const stranger = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true })
    if (stranger.pid === pid) {
      strangers.push(stranger)
      break
    }
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
  }
}
const given = strangers.map(({ pid }) => pid ?? 0)
assert.ok(given.includes(owner.pid ?? 0), 'the number of the owner was given again')
assert.ok(given.length > 1, 'the number of a worker was given again')
const report = await sweep()
assert.equal(report.journals, 1, JSON.stringify(report))
assert.ok(!report.processes.some(({ pid }) => given.includes(pid)), JSON.stringify(report))
await delay(0)
for (const stranger of strangers) {
  assert.deepEqual(
    [stranger.exitCode, stranger.signalCode],
    [null, null],
    `stranger ${stranger.pid}`,
  )
  assert.ok(existsSync(`/proc/${stranger.pid}`))
}
for (const stranger of strangers) stranger.kill('SIGKILL')
const left = readdirSync(state, { recursive: true }).filter((file) => String(file).includes('.v1'))
assert.deepEqual(left, [], `journals below ${path.basename(state)}`)
console.log('ready {}')
