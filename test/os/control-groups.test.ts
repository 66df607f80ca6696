import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHierarchies } from '../../src/os/control-groups.ts'

test('the own group is found in a unified, a hybrid and a version 1 system, and in a container', () => {
  const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate'
  assert.deepEqual(parseHierarchies(unified, '0::/user.slice/session-1.scope\n'), [
    {
      version: 2,
      controllers: [],
      mountPoint: '/sys/fs/cgroup',
      folder: '/sys/fs/cgroup/user.slice/session-1.scope',
    },
  ])
  const hybrid = [
    '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '36 31 0:33 / /sys/fs/cgroup/cpu\\040and rw - cgroup cgroup rw,cpu,cpuacct',
    '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  ].join('\n')
  assert.deepEqual(parseHierarchies(hybrid, '9:cpu,cpuacct:/\n4:memory:/a/b\n0::/x\n'), [
    {
      version: 1,
      controllers: ['memory'],
      mountPoint: '/sys/fs/cgroup/memory',
      folder: '/sys/fs/cgroup/memory/a/b',
    },
    {
      version: 1,
      controllers: ['cpu', 'cpuacct'],
      mountPoint: '/sys/fs/cgroup/cpu and',
      folder: '/sys/fs/cgroup/cpu and',
    },
    {
      version: 2,
      controllers: [],
      mountPoint: '/sys/fs/cgroup/unified',
      folder: '/sys/fs/cgroup/unified/x',
    },
  ])
  // A container that shows only its own part, without a namespace for it.
  const part = '30 23 0:26 /docker/12 /sys/fs/cgroup ro - cgroup2 cgroup2 rw'
  assert.deepEqual(
    parseHierarchies(part, '0::/docker/12\n').map(({ folder }) => folder),
    ['/sys/fs/cgroup'],
  )
  assert.deepEqual(parseHierarchies(part, '0::/somewhere/else\n'), [])
})

test('without control groups there is none', () => {
  assert.deepEqual(parseHierarchies('22 1 8:1 / / rw - ext4 /dev/sda1 rw', ''), [])
  assert.deepEqual(parseHierarchies('', ''), [])
})
