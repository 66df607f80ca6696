// Adds each input to a total in a file: read, change, write. Workers are processes, and there may be other runs beside this one,
// so between reading and writing somebody else could write, and his amount would be lost.
//
//   npx tidypool run examples/ledger.ts --range 1..100 --param file=ledger.json
//
// A `Semaphore` with one permit lets one in at a time, whoever they are; who is killed in there gives his place to the next. The file is
// put in place by a rename, so whoever is killed in there leaves the old total or the new one.

import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Semaphore } from 'tidypool'

export default async function add(amount: number, params: { file?: string }): Promise<number> {
  const file = path.resolve(params.file ?? 'ledger.json')
  const semaphore = new Semaphore(`ledger ${path.basename(file)}`)
  const permit = await semaphore.acquire({ timeoutMs: 60_000 })
  try {
    const total = (await readTotal(file)) + amount
    await writeFile(`${file}.new`, JSON.stringify({ total }))
    await rename(`${file}.new`, file)
    return total
  } finally {
    permit.release()
  }
}

async function readTotal(file: string): Promise<number> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { total: number }).total
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}
