import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { groupLevels } from '../../src/os/group-limits.ts'
import { forgetHeadroom, headroom, leastMemory, leftOf } from '../../src/os/headroom.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from '../lifetime/temp-folder.ts'

const count = fc.integer({ min: 0, max: 2 ** 40 })
const limit = fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: 'max' as const })
const group = fc.record({
  pids: fc.option(fc.record({ used: count, limit })),
  memory: fc.option(fc.record({ used: count, limit, inactive: count, active: count })),
})

test('of any chain of groups each level that has a limit is found, with idle file pages counted as free', (t) => {
  const root = tempFolder(t)
  let runs = 0
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 5 }), fc.boolean(), (chain, isV2) => {
      runs += 1
      // Above it is a folder that is no group: there the hierarchy is mounted.
      let folder = path.join(root, String(runs))
      mkdirSync(folder)
      const expected: [resource: string, used: number, limit: number, yields?: number][] = []
      for (const [at, { pids, memory }] of chain.entries()) {
        folder = path.join(folder, `g${at}`)
        mkdirSync(folder)
        const write = (file: string, text: string | number): void =>
          writeFileSync(path.join(folder, file), `${text}\n`)
        write('cgroup.procs', '')
        const here: typeof expected = []
        if (pids) {
          write('pids.max', pids.limit)
          write('pids.current', pids.used)
          if (pids.limit !== 'max') here.push(['processes', pids.used, pids.limit])
        }
        if (memory) {
          const [max, current, prefix] = isV2
            ? ['memory.max', 'memory.current', '']
            : ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_']
          // Version 1 has a number for it.
          const none = isV2 ? 'max' : '9223372036854771712'
          write(max, memory.limit === 'max' ? none : memory.limit)
          write(current, memory.used)
          write(
            'memory.stat',
            `anon 1\n${prefix}inactive_file ${memory.inactive}\n${prefix}active_file ${memory.active}`,
          )
          const used = Math.max(0, memory.used - memory.inactive)
          if (memory.limit !== 'max') here.push(['memory', used, memory.limit, memory.active])
        }
        expected.unshift(...here)
      }
      const version = isV2 ? 2 : 1
      const levels = groupLevels([
        { version, controllers: isV2 ? [] : ['pids', 'memory'], mountPoint: root, folder },
      ])
      assert.deepEqual(
        levels.map(({ resource, used, limit: most, yields }) =>
          yields === undefined ? [resource, used, most] : [resource, used, most, yields],
        ),
        expected,
      )
      for (const { where } of levels) assert.ok(where.startsWith(root))
    }),
    { numRuns: 60 },
  )
})

test(
  'descriptors are counted afresh, and the answer is the same for a moment',
  { skip: needs('linux') },
  () => {
    const used = (): number =>
      headroom().find(({ where }) => where === '/proc/self/limits')?.used ?? Number.NaN
    forgetHeadroom()
    const before = used()
    const opened = [1, 2, 3].map(() => openSync('/dev/null', 'r'))
    forgetHeadroom()
    assert.equal(used(), before + 3)
    for (const fd of opened) closeSync(fd)
    forgetHeadroom()
    assert.equal(used(), before)
    assert.equal(headroom(), headroom())
  },
)

test('every level names where its limit stands', { skip: needs('linux') }, () => {
  const levels = headroom()
  assert.deepEqual(
    new Set(levels.map(({ resource }) => resource)),
    new Set(['descriptors', 'processes', 'memory']),
  )
  for (const { where, used, limit: most } of levels) {
    assert.ok(where.length > 0 && used >= 0 && most > 0, JSON.stringify(levels))
  }
  const least = leastMemory()
  assert.ok(least && leftOf(least) > 0)
})
