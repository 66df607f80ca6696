import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { withTempDir } from 'tidypool'
import { until } from './conditions.ts'
import { tempFolder } from './temp-folder.ts'

test('the directory is there for the function alone, closed to others, and gone afterwards', async () => {
  const dir = await withTempDir(
    (inside) => {
      assert.equal(statSync(inside).mode & 0o777, 0o700)
      assert.equal(statSync(path.dirname(inside)).mode & 0o777, 0o700)
      assert.match(path.basename(inside), /^images-/)
      writeFileSync(path.join(inside, 'file'), '')
      return inside
    },
    { prefix: 'images-' },
  )
  assert.ok(!existsSync(dir))
  await until(() => !existsSync(path.dirname(dir)), "the scope's directory to be gone")
})

test("the function's error comes out as it was, and the directory is gone", async () => {
  const error = new Error('mine')
  let dir = ''
  await assert.rejects(
    withTempDir(async (inside) => {
      dir = inside
      throw error
    }),
    (thrown) => thrown === error,
  )
  assert.ok(!existsSync(dir))
})

test('links in it are removed and not followed; closed folders are no obstacle', async (t) => {
  const canary = path.join(tempFolder(t), 'canary')
  writeFileSync(canary, '')
  const dir = await withTempDir((inside) => {
    symlinkSync(path.dirname(canary), path.join(inside, 'link'))
    mkdirSync(path.join(inside, 'closed/deep'), { recursive: true })
    writeFileSync(path.join(inside, 'closed/deep/file'), '')
    mkdirSync(path.join(inside, 'closed/none'), { mode: 0 })
    return inside
  })
  assert.ok(!existsSync(dir))
  assert.ok(existsSync(canary))
})

test('a function that takes the directory away itself is no error, and what it put there stays', async (t) => {
  const moved = path.join(tempFolder(t), 'moved')
  let at = ''
  await withTempDir((dir) => {
    at = dir
    renameSync(dir, moved)
    mkdirSync(dir)
    writeFileSync(path.join(dir, 'stranger'), '')
    assert.ok(existsSync(path.join(dir, 'stranger')))
  })
  assert.ok(existsSync(moved))
  assert.ok(existsSync(at), 'something else took its place: that is not ours to remove')
})

test('a prefix that is no part of a file name is refused', async () => {
  for (const prefix of ['', 'a/b', '../x', 'a\0', 'x'.repeat(65), 'ü'.repeat(33), 5]) {
    await assert.rejects(
      withTempDir(() => {}, { prefix: prefix as string }),
      { code: 'ERR_OPTION', option: 'prefix' },
    )
  }
  const misspelt = { prefx: 'a' } as { prefix?: string }
  await assert.rejects(
    withTempDir(() => {}, misspelt),
    { code: 'ERR_OPTION', option: 'prefx' },
  )
})

test('a prefix of dots is the beginning of a name', async () => {
  const parents = new Set<string>()
  for (const prefix of ['a', '.', '..']) {
    await withTempDir(
      (dir) => {
        assert.ok(path.basename(dir).startsWith(prefix))
        parents.add(path.dirname(dir))
      },
      { prefix },
    )
  }
  assert.equal(parents.size, 1)
})
