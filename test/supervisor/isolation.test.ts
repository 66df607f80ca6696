/** `exec --isolate` for both tools, as the user who runs the tests (root in CI) and as an ordinary one. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'
import { needsOf, nothingLeft, place, ways } from './isolated.ts'

test(
  'the litter of these tests is seen when it is left',
  { skip: needs('linux', 'python3', 'setsid') },
  async (t) => {
    const p = place(t, { user: 'the user', tool: 'unshare' })
    assert.equal((await p.run(p.litter)).stdout, 'littered\n')
    // Semaphore and segment, temporary folder, three of System V, and the daemon.
    const left = p.left()
    assert.equal(left.length, 7, left.join('\n'))
  },
)

for (const way of ways) {
  const as = `(${way.tool}, as ${way.user})`

  test(
    `an isolated command leaves nothing, and its daemon is named ${as}`,
    { skip: needsOf(way, 'python3') },
    async (t) => {
      const p = place(t, way)
      const report = path.join(p.folder, 'report.json')
      const options = ['--isolate', '--kill-after=200ms', '--report', report]
      const ended = await p.run(p.litter, options)
      assert.deepEqual([ended.code, ended.stdout], [0, 'littered\n'], ended.stderr)
      assert.deepEqual(p.left(), [])
      const { containment, left } = JSON.parse(readFileSync(report, 'utf8'))
      assert.equal(containment.name, `namespaces (${way.tool})`)
      assert.equal(
        left.filter(({ command }: { command: string }) => command.includes(p.tag)).length,
        1,
      )
      assert.match(ended.stderr, new RegExp(`^tidypool: python3 left \\d process.*\n.*${p.tag}`))
    },
  )

  test(
    `an isolated command ends as it would by itself ${as}`,
    { skip: needsOf(way) },
    async (t) => {
      const p = place(t, way)
      const ends: readonly (readonly [script: string, end: number | string])[] = [
        ['exit 0', 0],
        ['exit 5', 5],
        ['exit 139', 139],
        ['kill -SEGV $$', 'SIGSEGV'],
        ['kill -KILL $$', 'SIGKILL'],
        ['kill -TERM $$', 'SIGTERM'],
        ['kill -INT $$', 'SIGINT'],
      ]
      for (const [script, expected] of ends) {
        const startedAt = performance.now()
        const options = ['--isolate', '--kill-after=60s']
        const { code, signal, stderr } = await p.run(['sh', '-c', script], options)
        // What holds the namespaces is no left-over that would have to be killed.
        assert.ok(performance.now() - startedAt < 30_000)
        assert.equal(signal ?? code, expected, `${script}: ${stderr}`)
        assert.equal(stderr, '')
      }
    },
  )

  test(
    `an isolated command has its user, folder, streams, environment and no rights more ${as}`,
    { skip: needsOf(way) },
    async (t) => {
      const p = place(t, way)
      const script =
        'id -u; pwd; echo "$0 $1"; ls /proc/self/fd; env | grep -v -e TIDYPOOL_SCOPE -e ^_= | sort; ' +
        'echo error >&2; echo text >file'
      const words = ['sh', '-c', script, 'zero', 'a b']
      const isolated = await p.run(words, ['--isolate'])
      assert.deepEqual(isolated, await p.run(words))
      assert.equal(readFileSync(path.join(p.folder, 'file'), 'utf8'), 'text\n')
      const empty = await p.run(['ls', '-A', '/tmp', '/dev/shm'], ['--isolate'])
      assert.equal(empty.stdout, '/dev/shm:\n\n/tmp:\n')
      const rights = ['sh', '-c', 'grep -E "^Cap(Eff|Prm|Amb)" /proc/self/status']
      assert.equal((await p.run(rights, ['--isolate'])).stdout, (await p.run(rights)).stdout)
    },
  )

  for (const how of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) {
    test(`an isolated command handles ${how} ${as}`, { skip: needsOf(way) }, async (t) => {
      const p = place(t, way)
      const trap = `trap 'echo heard; exit 7' ${how.slice(3)}`
      const script = `${trap}; echo ready; while :; do sleep 0.05; done`
      const running = p.start(['sh', '-c', script], ['--isolate'])
      await until(() => running.stdout().includes('ready'), 'the command to be ready')
      running.child.kill(how)
      const { code, stdout, stderr } = await running.ended
      assert.deepEqual([code, stdout], [7, 'ready\nheard\n'], stderr)
    })
  }

  test(
    `an isolated command that is over its time is asked, then killed, with 124 ${as}`,
    { skip: needsOf(way, 'python3') },
    async (t) => {
      const p = place(t, way)
      const options = ['--isolate', '--timeout=1s', '--kill-after=500ms']
      const trap = `trap 'echo asked' TERM; setsid env -i sleep 1000.${p.tag.length} & echo begun`
      const script = `${trap}; while :; do sleep 0.05; done # ${p.tag}`
      const ended = await p.run(['sh', '-c', script], options)
      assert.deepEqual([ended.code, ended.stdout], [124, 'begun\nasked\n'], ended.stderr)
      assert.deepEqual(p.left(), [])
      const littering = await p.run([...p.litter, 'stay'], options)
      assert.deepEqual([littering.code, littering.stdout], [124, 'littered\n'], littering.stderr)
      assert.deepEqual(p.left(), [])
    },
  )

  test(
    `an isolated command ends with tidypool when that is killed ${as}`,
    { skip: needsOf(way, 'python3') },
    async (t) => {
      const p = place(t, way)
      const running = p.start([...p.litter, 'stay'], ['--isolate'])
      await until(() => running.stdout().includes('littered'), 'the command to be ready')
      running.child.kill('SIGKILL')
      await nothingLeft(p)
    },
  )

  test(
    `an isolated command sees what is bound, in /tmp and elsewhere ${as}`,
    { skip: needsOf(way) },
    async (t) => {
      const p = place(t, way)
      const shared = mkdtempSync('/tmp/tp-isolated-bind-')
      t.after(() => rmSync(shared, { recursive: true, force: true }))
      chmodSync(shared, 0o777)
      writeFileSync(path.join(shared, 'a file'), 'there\n')
      const binds = [
        ['--bind', shared],
        ['--bind', `${shared}/a file:/tmp/it's/other name`],
        ['--bind', `${shared}:/dev/shm/here`],
      ].flat()
      const script =
        `cat "$1/a file" "/tmp/it's/other name" "/dev/shm/here/a file"; ` +
        `echo result >"$1/result"; ls /tmp | grep -c .; echo gone >/tmp/gone-${p.tag}`
      const ended = await p.run(['sh', '-c', script, 'sh', shared], ['--isolate', ...binds])
      assert.deepEqual([ended.code, ended.stdout], [0, 'there\nthere\nthere\n2\n'], ended.stderr)
      assert.equal(readFileSync(path.join(shared, 'result'), 'utf8'), 'result\n')
      assert.deepEqual(p.left(), [])
    },
  )
}

for (const shell of ['bash', 'busybox'] as const) {
  for (const tool of ['unshare', 'bwrap'] as const) {
    test(
      `an isolated command ends as it would by itself where sh is ${shell} (${tool})`,
      { skip: needsOf({ user: 'the user', tool }, 'mount namespace', 'bash', 'busybox') },
      async (t) => {
        const p = place(t, { user: 'the user', tool })
        // Not by the `unshare` that fails when it is put in front.
        const script = 'mount --bind "$(command -v "$0")" "$(readlink -f /bin/sh)" && exec "$@"'
        const under = ['/usr/bin/unshare', '--mount', 'sh', '-c', script, shell]
        const sh = shell === 'busybox' ? ['busybox', 'ash'] : ['bash']
        const ends: readonly (readonly [script: string, end: number | string])[] = [
          ['exit 5', 5],
          ['exit 139', 139],
          ['kill -SEGV $$', 'SIGSEGV'],
          ['kill -TERM $$', 'SIGTERM'],
          ['kill -INT $$', 'SIGINT'],
        ]
        for (const [text, expected] of ends) {
          const { code, signal, stderr } = await p.run([...sh, '-c', text], ['--isolate'], {
            under,
          })
          assert.equal(signal ?? code, expected, `${text}: ${stderr}`)
          assert.equal(stderr, '')
        }
      },
    )
  }
}

test(
  'where nothing can isolate, exec says what is missing and which package has it',
  { skip: needs('linux', 'unshare', 'bwrap') },
  async (t) => {
    const p = place(t, { user: 'the user', tool: 'bwrap' })
    const refusing = path.join(p.folder, 'bin/bwrap')
    writeFileSync(refusing, '#!/bin/sh\necho no permission >&2; exit 1\n')
    chmodSync(refusing, 0o755)
    const refused = await p.run(['true'], ['--isolate'])
    assert.equal(refused.code, 125)
    assert.match(
      refused.stderr,
      /^tidypool: --isolate cannot be had here: .*not today; .*no permission; .*\n$/,
    )
    const missing = await p.run(['/bin/true'], ['--isolate'], { env: { PATH: p.folder } })
    assert.equal(missing.code, 125)
    assert.match(
      missing.stderr,
      /unshare is not in PATH \(Debian has it in the package util-linux\)/,
    )
    assert.match(missing.stderr, /bwrap is not in PATH \(Debian has it in the package bubblewrap\)/)
  },
)
