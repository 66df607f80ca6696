import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

/** A temporary directory of the test's own, removed after it. */
export function tempFolder(t: Pick<TestContext, 'after'>, prefix = 'lt-'): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), prefix))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
