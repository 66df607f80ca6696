import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { CommandJobLog, type LoggedCommand } from '../../src/batch/command-job-log.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from './temp-folder.ts'

const command: LoggedCommand = {
  place: 1,
  startedAtMs: 1_700_000_000_123,
  runMs: 7,
  stdoutBytes: 2,
  exitCode: 0,
  signal: null,
  timedOut: false,
  line: 'echo 0',
}

function log(file: string, isResumed: boolean, ...commands: readonly LoggedCommand[]): string {
  const jobLog = new CommandJobLog(file, { isResumed })
  jobLog.begin()
  for (const each of commands) jobLog.add(each)
  jobLog.close()
  return readFileSync(file, 'utf8')
}

test('the columns are those of GNU parallel', { skip: needs('parallel') }, (t) => {
  const folder = tempFolder(t)
  const theirs = (script: string, ...args: readonly string[]): string => {
    const file = path.join(folder, 'theirs')
    spawnSync('parallel', ['--joblog', file, ...args, script, ':::', '0'], {
      env: { ...process.env, PARALLEL_HOME: folder, HOME: folder },
      stdio: 'ignore',
    })
    return readFileSync(file, 'utf8')
  }
  // What time it was, and how long it took, is what differs.
  const shape = (text: string): string => text.replaceAll(/\d+\.\d{3}\t +\d+\.\d{3}/g, 'S\tR')
  const ours = (changes: Partial<LoggedCommand>): string =>
    shape(log(path.join(folder, 'ours'), false, { ...command, ...changes }))
  assert.equal(ours({}), shape(theirs('echo {}')))
  assert.equal(
    ours({ line: "sh -c 'exit 3' 0", exitCode: 3, stdoutBytes: 0 }),
    shape(theirs("sh -c 'exit 3' {}")),
  )
  assert.equal(
    ours({ line: 'kill -9 $$ 0', exitCode: null, signal: 'SIGKILL', stdoutBytes: 0 }),
    shape(theirs('kill -9 $$ {}')),
  )
  assert.equal(
    ours({ line: 'sleep 60', exitCode: null, signal: 'SIGTERM', timedOut: true, stdoutBytes: 0 }),
    shape(theirs('sleep 6{}', '--timeout', '1')),
  )
  assert.equal(
    ours({ line: 'printf a\nprintf 0', stdoutBytes: 2 }),
    shape(theirs('printf a\nprintf {}')),
  )
})

test('a run that resumes goes on with the log, another begins it anew', (t) => {
  const file = path.join(tempFolder(t), 'log')
  assert.equal(log(file, true, command).split('\n').length, 3)
  assert.equal(log(file, true, { ...command, place: 2 }).split('\n').length, 4)
  assert.equal(log(file, false, command).split('\n').length, 3)
})

test('what is no job log is not overwritten', (t) => {
  const file = path.join(tempFolder(t), 'data')
  writeFileSync(file, 'something else\n')
  for (const isResumed of [true, false]) {
    assert.throws(() => log(file, isResumed), { code: 'ERR_OPTION', option: '--joblog' })
  }
  assert.equal(readFileSync(file, 'utf8'), 'something else\n')
  assert.throws(() => log(path.dirname(file), false), { code: 'ERR_OPTION', option: '--joblog' })
})
