// F4 (shared memory), F6, F8, G1, G2, G3, G4: what a command leaves besides processes, under `tidypool exec`.
import assert from 'node:assert/strict'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import type { LeftObject } from '../../src/supervisor/left-objects.ts'
import { listSystemV } from '../../src/os/system-v.ts'
import { faultRow, type RepeatContext } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { isRunning, Stage, testedKeys, until, type Program } from './observe.ts'

const skip = needs('linux', 'python3')
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const objects = fileURLToPath(new URL('programs/objects.py', import.meta.url))

/** A stage with `tidypool exec` on it. */
class Scene extends Stage {
  readonly #t: Pick<RepeatContext, 'after'>
  #reports = 0

  constructor(t: Pick<RepeatContext, 'after'>) {
    super(t)
    this.#t = t
  }

  /** Runs objects.py under exec, or another command; `report` reads what exec wrote when it has ended. */
  async exec(
    words: readonly string[],
    {
      options = [],
      command = ['/usr/bin/python3', objects],
      ready = true,
    }: { options?: readonly string[]; command?: readonly string[]; ready?: boolean } = {},
  ): Promise<{ program: Program; report: () => Promise<Report> }> {
    const file = path.join(this.folder, `report-${++this.#reports}.json`)
    const exec = [process.execPath, cli, 'exec', '--kill-after', '500ms', '--report', file]
    const program = await this.startCommand([...exec, ...options, '--', ...command, ...words], {
      stdin: 'pipe',
      ready,
    })
    const report = async (): Promise<Report> => {
      await program.ended
      await program.drained()
      return JSON.parse(readFileSync(file, 'utf8')) as Report
    }
    return { program, report }
  }

  /** Runs objects.py as somebody who has nothing to do with it. */
  async stranger(words: readonly string[]): Promise<Program> {
    const program = await this.startCommand(
      ['env', '-u', 'TIDYPOOL_SCOPE', '/usr/bin/python3', objects, ...words],
      { stdin: 'pipe' },
    )
    return program
  }

  /** Waits until these are known to be the commands' (within milliseconds, when the machine has time). */
  async attributed(names: readonly string[]): Promise<void> {
    const recorded = (): string[] =>
      this.journals().flatMap((file) => {
        const text = existsSync(file) ? readFileSync(file, 'latin1') : ''
        return Array.from(text.matchAll(/^s \d+ \d+ (.*)$/gm), ([, name = '']) => name)
      })
    await until(
      () => {
        const known = recorded()
        return names.every((name) => known.includes(name))
      },
      `${names.join(', ')} to be in the journals`,
    )
  }

  /** A name that goes with the repeat, whatever happens. */
  name(name: string): Name {
    const file = `/dev/shm/${name}`
    this.#t.after(() => rmSync(file, { recursive: true, force: true }))
    return { name, path: file }
  }
}

interface Name {
  readonly name: string
  readonly path: string
}

interface Report {
  readonly exitCode: number | null
  readonly objects: readonly LeftObject[]
}

/** What the report says of that name. */
function said({ objects: left }: Report, name: string): string {
  const found = left.filter((object) => object.name === name)
  assert.equal(found.length, 1, `${name} is named once in ${JSON.stringify(left)}`)
  const [{ how, why }] = found as [LeftObject]
  return `${how}: ${why}`
}

async function inodeOf(file: string): Promise<number> {
  return until(() => existsSync(file) && statSync(file).ino, `${file} to be there`)
}

faultRow(
  { id: 'F4', kind: 'shared memory and semaphores of multiprocessing, SIGKILL of the group', skip },
  async (t) => {
    const scene = new Scene(t)
    const words = ['shared-memory', '100000', 'semaphores', '3', 'ready', 'wait', 'kill-group']
    const { program, report } = await scene.exec(words)
    const { names } = await program.ready<{ names: string[] }>()
    await scene.attributed(names)
    program.go()
    const found = await report()
    // The tracker was killed as well.
    for (const name of names) {
      scene.name(name)
      assert.match(said(found, name), /^removed: (made|used) by python3 \(\d+\)$/)
      assert.ok(!existsSync(`/dev/shm/${name}`), name)
    }
    await scene.gone()
  },
)

faultRow({ id: 'F4', kind: 'a folder of joblib, SIGKILL of the group', skip }, async (t) => {
  const scene = new Scene(t)
  const { program, report } = await scene.exec(['ready', 'wait', 'kill-group'])
  const { pid } = await program.ready<{ pid: number }>()
  const folder = scene.name(`joblib_memmapping_folder_${pid}_${scene.objectName('1')}`)
  mkdirSync(folder.path)
  writeFileSync(path.join(folder.path, 'array'), 'x'.repeat(100_000))
  const other = scene.name(`joblib_memmapping_folder_1_${scene.objectName('2')}`)
  mkdirSync(other.path)
  program.go()
  const found = await report()
  assert.match(said(found, folder.name), /^removed: named after \w+ \(\d+\)$/)
  assert.ok(!existsSync(folder.path))
  assert.ok(existsSync(other.path), 'named after a process that is not of the command')
  rmSync(other.path, { recursive: true })
  await scene.gone()
})

faultRow({ id: 'F4', kind: 'a socket of multiprocessing and its folder', skip }, async (t) => {
  const scene = new Scene(t)
  const { program, report } = await scene.exec(['listen', 'ready', 'exit'])
  const { socket } = await program.ready<{ socket: string }>()
  assert.match(said(await report(), socket), /^removed: python3 \(\d+\) listened there$/)
  assert.ok(!existsSync(path.dirname(socket)), 'its folder')
  await scene.gone()
})

for (const [kind, end] of [
  ['the CLI', (program: Program): void => program.kill('SIGKILL')],
  [
    'the CLI and its guardian',
    (program: Program, scene: Scene): void => {
      const guardian = scene.processes().find(({ isCleaner }) => isCleaner)
      assert.ok(guardian)
      process.kill(guardian.pid, 'SIGSTOP')
      program.kill('SIGKILL')
      process.kill(guardian.pid, 'SIGKILL')
    },
  ],
] as const) {
  faultRow({ id: 'F6', kind: `KILL ${kind}: semaphores and a segment`, skip }, async (t) => {
    const scene = new Scene(t)
    const names = ['a', 'b', 'c'].map((name) => scene.objectName(name))
    const segment = scene.name(scene.objectName('segment'))
    const semaphores = names.map((name) => scene.name(`sem.${name}`))
    const words = [...names.flatMap((name) => ['sem', name]), 'segment', segment.name, '5000']
    const { program } = await scene.exec([...words, 'ready', 'wait'])
    await scene.attributed([...semaphores, segment].map(({ name }) => name))
    end(program, scene)
    if (kind === 'the CLI') await scene.gone()
    else {
      await until(() => scene.processes().length === 0, 'its processes to be gone')
      // The next program that starts here sees to it, in the background.
      const next = await scene.start('next-start.mjs')
      await next.ended
      await scene.gone()
    }
    for (const { path: file } of [...semaphores, segment]) assert.ok(!existsSync(file), file)
  })
}

faultRow(
  { id: 'F6', kind: 'KILL the CLI: what a stranger uses, and what one has used', skip },
  async (t) => {
    const scene = new Scene(t)
    const names = ['own', 'used', 'was-used'].map((name) => scene.name(scene.objectName(name)))
    const [own, used, wasUsed] = names as [Name, Name, Name]
    const sem = scene.name(`sem.${used.name}`)
    const { program } = await scene.exec(
      [
        ...names.flatMap(({ name }) => ['segment', name, '5000']),
        ...`sem ${used.name} deaf ready wait heir wait wait`.split(' '),
      ],
      { options: ['--kill-after', '60s'] },
    )
    await scene.attributed([...names, sem].map(({ name }) => name))
    const user = await scene.stranger(['map', used.name, 'open-sem', used.name, 'ready', 'wait'])
    const former = await scene.stranger(['map', wasUsed.name, 'ready', 'wait'])
    program.go()
    // All is looked at before the first is asked to end.
    await program.line('asked')
    former.go()
    await former.ended
    program.kill('SIGKILL')
    await until(() => scene.journals().length === 0, 'the guardian to have done its work')
    assert.deepEqual(
      [own, used, sem, wasUsed].map(({ path: file }) => existsSync(file)),
      [false, true, true, true],
    )
    for (const { path: file } of [used, sem, wasUsed]) rmSync(file)
    user.go()
    await scene.gone()
  },
)

faultRow(
  { id: 'F6', kind: 'KILL the CLI: what is named after a process of somebody else', skip },
  async (t) => {
    const scene = new Scene(t)
    const foreign = scene.name(`torch_${process.pid}_${newKey(scene, 0)}`)
    const own = scene.name(scene.objectName('own'))
    const words = ['segment', foreign.name, '5000', 'segment', own.name, '5000', 'ready', 'wait']
    const { program } = await scene.exec(words)
    // Both are looked at at once.
    await scene.attributed([own.name])
    program.kill('SIGKILL')
    await until(() => scene.journals().length === 0, 'the guardian to have done its work')
    assert.deepEqual([existsSync(own.path), existsSync(foreign.path)], [false, true])
    rmSync(foreign.path)
    await scene.gone()
  },
)

faultRow(
  { id: 'F8', kind: 'two exec at once, same user, both with semaphores', skip },
  async (t) => {
    const scene = new Scene(t)
    const make = ['semaphores', '3', 'shared-memory', '5000', 'ready', 'wait', 'kill-group']
    const [first, second] = await Promise.all([scene.exec(make), scene.exec(make)])
    const own = await first.program.ready<{ names: string[] }>()
    const others = await second.program.ready<{ names: string[] }>()
    for (const name of [...own.names, ...others.names]) scene.name(name)
    await scene.attributed([...own.names, ...others.names])
    first.program.go()
    const removed = (report: Report): string[] =>
      report.objects.filter(({ how }) => how === 'removed').map(({ name }) => name)
    const firstReport = await first.report()
    assert.deepEqual(removed(firstReport).toSorted(), own.names.toSorted())
    for (const name of others.names) {
      assert.ok(existsSync(`/dev/shm/${name}`), `${name} of the other one`)
      assert.ok(!firstReport.objects.some((object) => object.name === name), `${name} is not named`)
    }
    second.program.go()
    assert.deepEqual(removed(await second.report()).toSorted(), others.names.toSorted())
    await scene.gone()
  },
)

faultRow({ id: 'G1', kind: 'the maker ended before it could be seen', skip }, async (t) => {
  const scene = new Scene(t)
  const unseen = scene.name(`sem.${scene.objectName('unseen')}`)
  const { program, report } = await scene.exec([
    'ready',
    'wait',
    'sem',
    unseen.name.slice(4),
    'exit',
  ])
  const { pid } = await program.ready<{ pid: number }>()
  const command = scene.processes().find((process) => process.pid === pid)
  assert.ok(command)
  // Whoever should look cannot, until the maker has ended.
  program.kill('SIGSTOP')
  program.go()
  await until(() => !isRunning(command), 'the maker to have ended')
  const inode = await inodeOf(unseen.path)
  program.kill('SIGCONT')
  assert.match(said(await report(), unseen.name), /^reported: not attributed/)
  assert.equal(statSync(unseen.path).ino, inode)
  rmSync(unseen.path)
  await scene.gone()
})

faultRow(
  { id: 'G1', kind: 'used by the command, and made by a stranger that has ended', skip },
  async (t) => {
    const scene = new Scene(t)
    const segment = scene.name(scene.objectName('segment'))
    const sem = scene.name(`sem.${segment.name}`)
    const own = scene.name(scene.objectName('own'))
    const { program, report } = await scene.exec([
      ...`ready wait segment ${own.name} 5000 ready wait`.split(' '),
      ...`map ${segment.name} open-sem ${segment.name} heir wait`.split(' '),
    ])
    const words = ['segment', segment.name, '5000', 'sem', segment.name, 'ready', 'exit']
    const maker = await scene.stranger(words)
    await maker.ended
    program.go()
    // Then everything has been looked at, and nobody used what the stranger made.
    await scene.attributed([own.name])
    // It is used when all is looked at: before the heir is ended.
    program.go()
    const found = await report()
    assert.match(said(found, own.name), /^removed: used by python3/)
    for (const { name, path: file } of [segment, sem]) {
      // The stranger may have been seen while it had it.
      assert.match(said(found, name), /^reported: (not attributed|.* which is not of the command$)/)
      assert.ok(existsSync(file), name)
      rmSync(file)
    }
    await scene.gone()
  },
)

faultRow(
  { id: 'G1', kind: 'the maker is in the name, and ended before it could be seen', skip },
  async (t) => {
    const scene = new Scene(t)
    const { program, report } = await scene.exec(['ready', 'wait', 'exit'])
    const { pid } = await program.ready<{ pid: number }>()
    const command = scene.processes().find((process) => process.pid === pid)
    assert.ok(command)
    program.kill('SIGSTOP')
    const own = scene.name(`sem.loky-${pid}-${scene.objectName('own')}`)
    // Names a process of somebody else, which lives; and one that was there before.
    const foreign = scene.name(`sem.loky-${process.pid}-${scene.objectName('foreign')}`)
    for (const { path: file } of [own, foreign]) writeFileSync(file, 'x', { mode: 0o600 })
    program.go()
    await until(() => !isRunning(command), 'the maker to have ended')
    program.kill('SIGCONT')
    const found = await report()
    assert.match(said(found, own.name), /^removed: named after \w+ \(\d+\)$/)
    assert.ok(!existsSync(own.path))
    assert.ok(existsSync(foreign.path), 'a name with the number of a stranger')
    rmSync(foreign.path)
    await scene.gone()
  },
)

faultRow({ id: 'G1', kind: 'the maker is in the name, and ended at once', skip }, async (t) => {
  const scene = new Scene(t)
  const own = scene.objectName('own')
  const { report } = await scene.exec(['-c', 'echo $$; : >"/dev/shm/torch_$$_1_$1"', 'sh', own], {
    command: ['sh'],
    ready: false,
  })
  const found = await report()
  const { name } = scene.name(found.objects.find((object) => object.name.endsWith(own))?.name ?? '')
  assert.match(said(found, name), /^removed: named after sh \(\d+\)$/)
  await scene.gone()
})

faultRow({ id: 'G1', kind: 'a name reused by a stranger', skip }, async (t) => {
  const scene = new Scene(t)
  const [idle, used] = [scene.objectName('idle'), scene.objectName('used')]
  const own = { idle: scene.name(`sem.${idle}`), used: scene.name(`sem.${used}`) }
  const words = ['sem', idle, 'sem', used, 'ready', 'wait']
  const { program, report } = await scene.exec([
    ...words,
    'unlink',
    own.idle.name,
    'unlink',
    own.used.name,
    'ready',
    'wait',
  ])
  program.go()
  await until(() => program.lines('ready').length === 2, 'the names to be free')
  const stranger = await scene.stranger(['file', own.idle.name, 'sem', used, 'ready', 'wait'])
  const inodes = [statSync(own.idle.path).ino, statSync(own.used.path).ino]
  program.go()
  const found = await report()
  assert.match(said(found, own.idle.name), /^reported: not attributed/)
  assert.ok(
    found.objects.every(({ name }) => name !== own.used.name),
    'what a stranger uses is not mentioned',
  )
  assert.deepEqual([statSync(own.idle.path).ino, statSync(own.used.path).ino], inodes)
  rmSync(own.idle.path)
  rmSync(own.used.path)
  stranger.go()
  await scene.gone()
})

faultRow(
  { id: 'G2', kind: 'a segment and a semaphore that a living stranger uses', skip },
  async (t) => {
    const scene = new Scene(t)
    const name = scene.objectName('shared')
    const [segment, semaphore] = [scene.name(name), scene.name(`sem.${name}`)]
    const { program, report } = await scene.exec([
      'segment',
      name,
      '5000',
      'sem',
      name,
      'ready',
      'wait',
    ])
    await scene.attributed([segment.name, semaphore.name])
    const stranger = await scene.stranger(['map', name, 'open-sem', name, 'ready', 'wait'])
    program.go()
    const found = await report()
    const because = new RegExp(
      `^reported: in use by python3 \\(${stranger.pid}\\), which is not of the command$`,
    )
    assert.match(said(found, segment.name), because)
    assert.match(said(found, semaphore.name), because)
    assert.ok(found.objects.every(({ leaked }) => !leaked))
    assert.ok(existsSync(segment.path) && existsSync(semaphore.path))
    rmSync(segment.path)
    rmSync(semaphore.path)
    stranger.go()
    await scene.gone()
  },
)

faultRow({ id: 'G2', kind: 'objects of a daemon that may stay; --no-clean', skip }, async (t) => {
  const scene = new Scene(t)
  const name = scene.objectName('kept')
  const kept = scene.name(`sem.${name}`)
  const options = ['--allow', 'python3', '--fail-on-leak']
  const words = ['sem', name, 'deleted-file', 'ready', 'daemon']
  const { program, report } = await scene.exec(words, { options })
  const { deleted } = await program.ready<{ deleted: string }>()
  const found = await report()
  assert.match(said(found, deleted), /^reported: deleted, and kept open by python3/)
  assert.ok(Number(found.objects.find(({ kind }) => kind === 'deleted file')?.bytes) >= 100_000)
  assert.match(said(found, kept.name), /^reported: in use by python3 \(\d+\), which stays$/)
  assert.ok(existsSync(kept.path), 'what a daemon uses that may stay')
  for (const { pid, isCleaner } of scene.processes()) if (!isCleaner) process.kill(pid, 'SIGKILL')
  rmSync(kept.path)
  const noClean = await scene.exec(['ready', 'wait'], { options: ['--no-clean', '--fail-on-leak'] })
  const { pid } = await noClean.program.ready<{ pid: number }>()
  const left = scene.name(`sem.loky-${pid}-${name}`)
  writeFileSync(left.path, 'x')
  noClean.program.go()
  const { exitCode } = await noClean.program.ended
  assert.match(said(await noClean.report(), left.name), /^reported: named after \w+ \(\d+\)$/)
  assert.equal(exitCode, 3)
  assert.ok(existsSync(left.path), 'nothing is removed with --no-clean')
  rmSync(left.path)
  await scene.gone()
})

faultRow({ id: 'G3', kind: 'System V segment, semaphores, queue', skip }, async (t) => {
  const scene = new Scene(t)
  const keys = Array.from({ length: 5 }, (_, index) => newKey(scene, index))
  const [shm = 0, attached = 0, sem = 0, both = 0, sent = 0] = keys
  t.after(() => removeByKeys(keys))
  const words = [`shm ${shm} shm ${attached} semset ${sem} queue ${both} both queue ${sent}`]
  const { program, report } = await scene.exec([
    ...words.join(' ').split(' '),
    'ready',
    'wait',
    'kill-group',
  ])
  const stranger = await scene.stranger(['attach', String(attached), 'ready', 'wait'])
  const of = (key: number) => listSystemV().filter((object) => object.key === key)
  const name = (key: number): string => `${of(key)[0]?.id} (key 0x${key.toString(16)})`
  const names = new Map(keys.map((key) => [key, name(key)]))
  program.go()
  const found = await report()
  const saidOf = (key: number): string => said(found, names.get(key) ?? '')
  assert.match(saidOf(shm), /^removed: made by python3/)
  assert.match(saidOf(both), /^removed: used by python3/)
  assert.match(saidOf(attached), /^reported: made by python3 .* processes are attached to it: 1$/)
  assert.match(
    saidOf(sem),
    /^reported: changed last by python3 .* the kernel does not tell who made it/,
  )
  assert.match(saidOf(sent), /^reported: used by python3 .* who is at its other end is not known/)
  assert.deepEqual(
    keys.map((key) => of(key).length),
    [0, 1, 1, 0, 1],
  )
  stranger.go()
  await stranger.ended
  removeByKeys(keys)
  await scene.gone()
})

const manyFiles = process.env['TIDYPOOL_FAULTS'] === 'full' ? 100_000 : 2000
/** So many files take their time. */
const slowMs = 60_000
const nasty = `
  ln -s "$1" "$TMPDIR/link"; ln -s "$1/file" "$TMPDIR/file-link"
  mkdir "$TMPDIR/closed"; echo x > "$TMPDIR/closed/file"; chmod 500 "$TMPDIR/closed"
  mkdir "$TMPDIR/many"; cd "$TMPDIR/many"; seq "$2" | xargs touch
  echo x > "$TMPDIR/foreign"; [ "$(id -u)" != 0 ] || chown 65534 "$TMPDIR/foreign"
  test "$TMP" = "$TMPDIR" && test "$TEMP" = "$TMPDIR" && test "$JOBLIB_TEMP_FOLDER" = "$TMPDIR"
  echo "made $? \\"$TMPDIR\\""; [ -z "$3" ] || read -r line`
for (const how of ['ends', 'is killed with the CLI'] as const) {
  const kind = `a command with --tmp ${how}: links out of it, a closed folder, ${manyFiles} files, a foreign file`
  faultRow(
    { id: 'G4', kind, repeats: 5, ciRepeats: 1, limitMs: 3 * slowMs, skip: needs('linux') },
    async (t) => {
      const scene = new Scene(t)
      const canary = path.join(scene.folder, 'canary')
      mkdirSync(canary)
      writeFileSync(path.join(canary, 'file'), 'canary')
      if (process.getuid?.() === 0) chownSync(path.join(canary, 'file'), 65_534, 65_534)
      const file = path.join(scene.folder, 'report.json')
      const exec = [
        process.execPath,
        cli,
        'exec',
        '--tmp',
        '--fail-on-leak',
        '--report',
        file,
        '--',
      ]
      const program = await scene.startCommand(
        [...exec, 'sh', '-c', nasty, 'sh', canary, String(manyFiles), how === 'ends' ? '' : 'wait'],
        { stdin: 'pipe', ready: false },
      )
      const made = (): string[] => /^made (\d) "(.*)"$/m.exec(program.stdout)?.slice(1) ?? []
      await until(() => made().length > 0, 'the command to have made its files', slowMs)
      const [status, tmp = ''] = made()
      assert.equal(status, '0', 'all variables lead there')
      assert.ok(tmp.startsWith(scene.tmp))
      if (how === 'ends') {
        const { exitCode } = await program.ended
        const { objects } = JSON.parse(readFileSync(file, 'utf8')) as Report
        // What other tests make meanwhile is named there too.
        const left = objects.filter(({ attributed }) => attributed)
        assert.equal(exitCode, 3)
        assert.equal(left.length, 1)
        assert.deepEqual(
          [left[0]?.kind, left[0]?.how, left[0]?.name],
          ['temporary file', 'removed', tmp],
        )
        assert.match(left[0]?.why ?? '', new RegExp(`^${manyFiles + 4} files and 2 folders`))
      } else program.kill('SIGKILL')
      await until(() => !existsSync(tmp), 'the directory to be gone', slowMs)
      await scene.gone({ allMs: 10_000 })
      assert.deepEqual(readdirSync(canary), ['file'])
      assert.equal(readFileSync(path.join(canary, 'file'), 'utf8'), 'canary')
    },
  )
}

/** By these keys no other test finds them, and other stages do not count them. */
function newKey(scene: Scene, index: number): number {
  return testedKeys * 0x1_0000 + ((Number.parseInt(scene.tag.slice(0, 4), 16) + index) & 0xffff)
}

function removeByKeys(keys: readonly number[]): void {
  const flags = { shm: '-M', sem: '-S', msg: '-Q' } as const
  for (const { kind, key } of listSystemV()) {
    if (keys.includes(key)) spawnSync('ipcrm', [flags[kind], String(key)])
  }
}
