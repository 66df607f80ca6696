import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cleanUpScript as builtScript } from '../../dist/lifetime/clean-up-script.js'
import { cleanUpScript } from '../../src/lifetime/clean-up-script.ts'
import { removeControlGroup } from '../../src/lifetime/control-group.ts'
import { encodePath } from '../../src/lifetime/journal-format.ts'
import type { FileNumbers } from '../../src/lifetime/journal.ts'
import { controlHierarchies, groupMembers } from '../../src/os/control-groups.ts'
import { needs } from '../helpers/needs.ts'
import { isGone, startOf, until } from './conditions.ts'
import {
  deadOwner,
  guardWith,
  makeRoot,
  newScope,
  startVictim,
  sweepWith,
  writeJournal,
} from './journal-files.ts'
import { tempFolder } from './temp-folder.ts'

const shells: readonly (readonly [string, ...string[]])[] = [
  ['dash'],
  ['bash'],
  ['bash', '--posix'],
  ['busybox', 'sh'],
]
const isHere = ([command]: readonly [string, ...string[]]) =>
  spawnSync(command, ['true'], { stdio: 'ignore' }).error === undefined
const here = shells.filter(isHere)
// One shell is enough where the difference lies in the journal and not in the language.
const shell = here[0] ?? ['sh']

/** Names of programs that break every simple reading of `/proc/PID/stat`. */
const nastyNames = [
  'plain',
  'a b',
  ') S 1 (',
  '* (',
  'back\\slash',
  'ümläut',
  'new\nline',
  '\n',
  '1 (x) Z 1',
]

/** Copies `sleep` under the name, so that the kernel shows it as the process's name. */
function sleepNamed(t: TestContext, name: string): string {
  const file = path.join(tempFolder(t), name)
  const which = spawnSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' })
  copyFileSync(which.stdout.trim(), file)
  return file
}

/** Below the one that we are in; its members are expected to have ended when it is taken away. */
function makeGroup(t: TestContext, name: string): string {
  const own = controlHierarchies().find(({ version }) => version === 2)
  const folder = path.join(own?.folder ?? '', name)
  mkdirSync(folder)
  t.after(async () => {
    for (const pid of existsSync(folder) ? groupMembers(folder) : []) process.kill(pid, 'SIGKILL')
    await until(() => !existsSync(folder) || groupMembers(folder).length === 0, 'it to be empty')
    removeControlGroup(folder)
  })
  return folder
}

interface SharedObject extends FileNumbers {
  readonly name: string
  readonly path: string
  readonly record: string
}

/** Makes things in /dev/shm that go with the test. */
function sharedObjects(t: TestContext) {
  const prefix = `tl-${randomBytes(6).toString('hex')}-`
  const describe = (name: string): SharedObject => {
    const { dev, ino } = statSync(`/dev/shm/${name}`)
    return {
      name,
      dev,
      ino,
      path: `/dev/shm/${name}`,
      record: `s ${dev} ${ino} ${encodePath(name)}\n`,
    }
  }
  const place = (suffix: string): { name: string; file: string } => {
    const name = `${prefix}${suffix}`
    t.after(() => rmSync(`/dev/shm/${name}`, { recursive: true, force: true }))
    return { name, file: `/dev/shm/${name}` }
  }
  return {
    make(suffix: string, { isFolder = false } = {}): SharedObject {
      const { name, file } = place(suffix)
      if (isFolder) mkdirSync(file)
      writeFileSync(isFolder ? path.join(file, 'file') : file, 'x'.repeat(5000))
      return describe(name)
    },
    link(suffix: string, to: string): SharedObject {
      const { name, file } = place(suffix)
      symlinkSync(to, file)
      return describe(name)
    },
    /** A process of somebody else, which has said that it does. */
    async use(how: 'mmap' | 'open' | 'work in', file: string): Promise<void> {
      if (how === 'open') {
        const fd = openSync(file, 'r')
        t.after(() => closeSync(fd))
        return
      }
      if (how === 'work in') {
        const child = spawn('sleep', ['1000'], { cwd: file, stdio: 'ignore' })
        t.after(() => child.kill('SIGKILL'))
        return
      }
      const script = `import mmap, sys
with open(sys.argv[1], 'rb') as f: m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
print('mapped', flush=True)
input()`
      const child = spawn('python3', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] })
      t.after(() => child.kill('SIGKILL'))
      await once(child.stdout, 'data')
    },
  }
}

for (const sh of here) {
  test(`${sh.join(' ')} ends recorded processes whatever their names, and no stranger with another start time`, async (t) => {
    const state = tempFolder(t)
    const ours = nastyNames.map((name) => startVictim(t, { file: sleepNamed(t, name) }))
    const strangers = nastyNames.map((name) => startVictim(t, { file: sleepNamed(t, name) }))
    const wrong = strangers.map(({ pid }) => `p ${pid} ${Number(startOf(pid)) + 1}\n`)
    const text = [...ours.map(({ record }) => record), ...wrong].join('')
    const file = writeJournal({ state, scope: newScope() }, text)
    sweepWith(sh, [file])
    for (const { pid } of ours) await until(() => isGone(pid), `process ${pid} to be gone`)
    assert.deepEqual(
      strangers.filter(({ pid }) => isGone(pid)),
      [],
    )
    assert.ok(!existsSync(file))
  })

  test(`${sh.join(' ')} removes the directory of the scope whatever the name of its parent, and follows no link`, (t) => {
    const folder = tempFolder(t)
    const canary = path.join(folder, 'canary')
    mkdirSync(canary)
    writeFileSync(path.join(canary, 'file'), '')
    for (const name of [
      'plain',
      'sp ace',
      'new\nline',
      'end\n',
      '$(touch x)`*?[',
      'ümläut',
      "quo'te",
      '\\0101',
      '-rf',
    ]) {
      const scope = newScope()
      const { root, record } = makeRoot(path.join(folder, name), scope)
      symlinkSync(canary, path.join(root, 'link'))
      mkdirSync(path.join(root, 'closed'), { mode: 0o500 })
      const file = writeJournal({ state: folder, scope }, `d ${encodePath(root)}\n${record}`)
      const lines = sweepWith(sh, [file])
      assert.ok(lines.includes(`directory ${encodePath(root)}`), lines.join('\n'))
      assert.ok(!existsSync(root), name)
      assert.ok(!existsSync(file), name)
    }
    assert.ok(existsSync(path.join(canary, 'file')))
  })

  test(`${sh.join(' ')} ends what carries the id, also in a session of its own, and names it in the log`, async (t) => {
    const state = tempFolder(t)
    const scope = newScope()
    const carrier = startVictim(t, { env: { TIDYPOOL_SCOPE: `${newScope()}:${scope}.7` } })
    const stranger = startVictim(t, { env: { TIDYPOOL_SCOPE: newScope() } })
    const lines = sweepWith(sh, [writeJournal({ state, scope }, '')])
    await until(() => isGone(carrier.pid), 'the carrier to be gone')
    assert.ok(!isGone(stranger.pid))
    assert.ok(
      lines.some(
        (line) => line.startsWith(`process ${carrier.pid} `) && line.endsWith('ended sleep'),
      ),
    )
    assert.ok(statSync(path.join(state, 'ended.log')).size > 0)
  })

  test(
    `${sh.join(' ')} ends what is in the control group of the scope, whatever it carries, and removes the group`,
    { skip: needs('cgroup') },
    async (t) => {
      const state = tempFolder(t)
      const scope = newScope()
      const ours = makeGroup(t, `tidypool-${scope.slice(0, 12)}`)
      const strange = makeGroup(t, `tidypool-${newScope().slice(0, 12)}`)
      const below = path.join(ours, '1')
      mkdirSync(below)
      const member = startVictim(t, { env: { TIDYPOOL_SCOPE: undefined } })
      const stranger = startVictim(t)
      writeFileSync(path.join(below, 'cgroup.procs'), String(member.pid))
      writeFileSync(path.join(strange, 'cgroup.procs'), String(stranger.pid))
      const folder = tempFolder(t)
      const plain = path.join(folder, `tidypool-${scope.slice(0, 12)}`)
      mkdirSync(plain)
      const text = [ours, strange, plain, `${ours}-not-there`].map((at) => `c ${encodePath(at)}\n`)
      sweepWith(sh, [writeJournal({ state, scope }, text.join(''))])
      await until(() => isGone(member.pid), 'the member to be gone')
      assert.ok(!existsSync(ours))
      assert.ok(!isGone(stranger.pid))
      assert.ok(existsSync(strange) && existsSync(plain))
    },
  )

  test(
    `${sh.join(' ')} removes what the processes made in /dev/shm, and nothing else`,
    { skip: needs('linux', 'python3') },
    async (t) => {
      const shm = sharedObjects(t)
      const state = tempFolder(t)
      const gone = [
        shm.make('plain'),
        shm.make('sp ace\nand *'),
        shm.make('folder', { isFolder: true }),
      ]
      const others = {
        inode: shm.make('inode'),
        device: shm.make('device'),
        forgotten: shm.make('forgotten'),
        mapped: shm.make('mapped'),
        opened: shm.make('opened'),
        'opened in it': shm.make('opened in it', { isFolder: true }),
        'worked in': shm.make('worked in', { isFolder: true }),
        'not named': shm.make('not named'),
      }
      await shm.use('mmap', others.mapped.path)
      await shm.use('open', others.opened.path)
      await shm.use('open', path.join(others['opened in it'].path, 'file'))
      await shm.use('work in', others['worked in'].path)
      const outside = path.join(state, 'outside')
      writeFileSync(outside, '')
      const link = shm.link('link', others['not named'].path)
      const { inode, device, forgotten } = others
      const numbers = ({ dev, ino }: FileNumbers): string => `${dev} ${ino}`
      const { dev } = inode
      const text = [
        ...gone.map(({ record }) => record),
        ...[others.mapped, others.opened, others['opened in it'], others['worked in']].map(
          ({ record }) => record,
        ),
        forgotten.record,
        inode.record.replace(numbers(inode), `${dev} ${inode.ino + 1}`),
        device.record.replace(numbers(device), `${dev + 1} ${device.ino}`),
        `t ${numbers(forgotten)}\n`,
        link.record,
        // Names that lead out, or to the folder itself.
        ...['../dev/shm/x', '..', '.', '', `../..${outside}`, '/'].flatMap((name) => [
          `s ${numbers(statSync(outside))} ${name}\n`,
          `s ${numbers(statSync('/dev/shm'))} ${encodePath(name)}\n`,
          `s ${numbers(statSync(outside))} ${encodePath(name).replaceAll('/', '\\0057')}\n`,
        ]),
        's * * *\ns\ns 1\nt\ns 1 1 $(touch x)\n',
      ].join('')
      const lines = sweepWith(sh, [writeJournal({ state, scope: newScope() }, text)])
      for (const { path: file } of gone) assert.ok(!existsSync(file), `${file} is left`)
      for (const [why, { path: file }] of Object.entries(others))
        assert.ok(existsSync(file), `${file} was removed: ${why}`)
      assert.ok(existsSync(outside) && existsSync(link.path) && existsSync('/dev/shm'))
      assert.deepEqual(
        lines.filter((line) => line.startsWith('object ')),
        gone.map(({ name }) => `object ${encodePath(name)}`),
      )
    },
  )

  test(`${sh.join(' ')} ends, right after the owner, what is left in the group of a worker that has gone`, async (t) => {
    const state = tempFolder(t)
    const scope = newScope()
    const owner = deadOwner()
    // Its child carries nothing of ours.
    const worker = spawn('sh', ['-c', 'env -i sleep 1000 & echo $!; read -r line'], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const [line] = (await once(worker.stdout, 'data')) as [Buffer]
    const left = Number(line.toString())
    t.after(() => isGone(left) || process.kill(left, 'SIGKILL'))
    const pid = worker.pid ?? 0
    const record = `p ${pid} ${startOf(pid)}\n`
    worker.stdin.end()
    await once(worker, 'exit')
    const place = { state, scope, owner }

    // It had ended before its owner did, or long ago: the number may be another's by now.
    guardWith(sh, scope, writeJournal(place, `${record}${record.replace('p', 'e')}`))
    sweepWith(sh, [writeJournal(place, record)])
    assert.ok(!isGone(left))

    const lines = guardWith(sh, scope, writeJournal(place, record))
    await until(() => isGone(left), 'what was left to be gone')
    assert.ok(
      lines.some((said) => said === `process ${record.slice(2).trim()} group`),
      lines.join('\n'),
    )
  })
}

test('the script that is delivered is the one that is written', () => {
  assert.equal(builtScript, cleanUpScript)
})

test('a directory is left when its inode, its name or its kind is another', (t) => {
  const folder = tempFolder(t)
  const scope = newScope()
  const kept: string[] = []
  const keep = (parent: string, change: (record: string, root: string) => string) => {
    const { root, record } = makeRoot(path.join(folder, parent), scope)
    kept.push(root)
    return change(record, root)
  }
  const elsewhere = makeRoot(path.join(folder, 'elsewhere'), newScope())
  const linked = path.join(folder, 'linked', `tidypool-${scope.slice(0, 12)}`)
  mkdirSync(path.dirname(linked))
  symlinkSync(elsewhere.root, linked)
  const text = [
    keep('inode', (record) => record.replace(/^i (\d+) \d+/, 'i $1 1')),
    keep('device', (record) => record.replace(/^i \d+/, 'i 1')),
    keep('words', (record) => record.replace(/^i \d+ \d+/, 'i $(id -u) *')),
    keep('dots', (record, root) =>
      record.replace(encodePath(root), `${root}/../${path.basename(root)}`),
    ),
    keep('relative', (record, root) => record.replace(encodePath(root), path.relative('/', root))),
    // A name that does not follow from the scope, with the right inode.
    elsewhere.record,
    // A link with the right name to a directory with the right inode.
    elsewhere.record.replace(encodePath(elsewhere.root), encodePath(linked)),
    'i 1 2 /\n',
    'd /\n',
  ].join('')
  sweepWith(shell, [writeJournal({ state: folder, scope }, text)])
  for (const root of [...kept, elsewhere.root, linked]) assert.ok(existsSync(root), root)
})

test(
  'a directory in which something is mounted is left, and what is mounted is not looked into',
  { skip: needs('mount namespace') },
  (t) => {
    const state = tempFolder(t)
    const scope = newScope()
    const parent = path.join(tempFolder(t), 'a folder')
    const { root, record } = makeRoot(parent, scope)
    const canary = path.join(tempFolder(t), 'canary')
    const place = path.join(root, 'place')
    mkdirSync(canary)
    mkdirSync(place)
    writeFileSync(path.join(canary, 'file'), '')
    const file = writeJournal({ state, scope }, record)
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    const inside = ['unshare', '--mount', 'sh', '-c', script, 'sh', canary, place, ...shell]
    assert.deepEqual(sweepWith(inside, [file]), [
      `failed directory ${encodePath(root)}`,
      `journal ${path.basename(file)}`,
    ])
    assert.ok(existsSync(path.join(canary, 'file')))
    // Nothing is mounted there any more.
    const [claimed = ''] = readdirSync(path.dirname(file))
    sweepWith(shell, [path.join(path.dirname(file), claimed)])
    assert.ok(!existsSync(root))
  },
)

test('a directory that was only intended is removed when it is empty, and left when it is not', (t) => {
  const folder = tempFolder(t)
  const scope = newScope()
  const empty = makeRoot(path.join(folder, 'a'), scope).root
  const full = makeRoot(path.join(folder, 'b'), scope).root
  writeFileSync(path.join(full, 'file'), '')
  const text = `d ${encodePath(empty)}\nd ${encodePath(full)}\nd ${encodePath(path.join(folder, 'c', path.basename(full)))}\n`
  sweepWith(shell, [writeJournal({ state: folder, scope }, text)])
  assert.ok(!existsSync(empty))
  assert.ok(existsSync(full))
})

test(
  'hostile journals, and ids that are not exactly 32 hex digits, end and remove nothing',
  { skip: needs('pid namespace', 'unshare') },
  () => {
    // In a pid namespace of its own: what goes wrong kills nobody outside.
    const program = fileURLToPath(new URL('programs/hostile-journals.mjs', import.meta.url))
    for (const sh of here) {
      const { status, stderr } = spawnSync(
        'unshare',
        ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, program, ...sh],
        { encoding: 'utf8' },
      )
      assert.equal(status, 0, `${sh.join(' ')}: ${stderr}`)
    }
  },
)
