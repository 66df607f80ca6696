/** A directory of the test's own, removed after it. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

export function tempFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
