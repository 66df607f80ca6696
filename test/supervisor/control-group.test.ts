import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { removeControlGroup } from '../../src/lifetime/control-group.ts'
import type { Scope } from '../../src/lifetime/scope.ts'
import { readArguments, runningProcesses } from '../../src/os/process-table.ts'
import { containInControlGroup } from '../../src/supervisor/control-group.ts'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'

const relay = fileURLToPath(new URL('programs/relay.py', import.meta.url))
const attempts = 10

test(
  'processes that fork all the time are moved out of a group that is given up, and go on',
  { skip: needs('cgroup', 'python3') },
  async (t) => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const stop = path.join(tempFolder(t), 'stop')
      const isRelaying = () =>
        [...runningProcesses()].some(({ pid }) => readArguments(pid).includes(stop))
      const child = spawn('python3', [relay, stop, '4'], { stdio: ['pipe', 'pipe', 'inherit'] })
      const scope = {
        controlGroup(parent: string) {
          const folder = path.join(parent, `tidypool-test-${process.pid}-${attempt}`)
          mkdirSync(folder)
          t.after(() => removeControlGroup(folder))
          return folder
        },
      }
      const group = containInControlGroup(scope as Scope, child.pid ?? 0)
      assert.ok('release' in group)
      child.stdin.end('\n')
      await once(child.stdout, 'data')
      group.release()
      try {
        assert.ok(!existsSync(group.group ?? ''), `attempt ${attempt}`)
        await until(isRelaying, 'one of them to be seen')
      } finally {
        writeFileSync(stop, '')
        await until(() => !isRelaying(), 'them to end')
      }
    }
  },
)
