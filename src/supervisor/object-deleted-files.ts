import { deletedFilesOf } from '../os/deleted-files.ts'
import type { LeftObject, Staying } from './left-objects.ts'

/** What processes that stay keep of files that were deleted. */
export function deletedFiles(staying: readonly Staying[]): LeftObject[] {
  return staying.flatMap(({ pid, name, how }) =>
    deletedFilesOf(pid).map(({ path, bytes }) => ({
      kind: 'deleted file',
      name: path,
      bytes,
      how: 'reported',
      why: `deleted, and kept open by ${name} (${pid})`,
      attributed: true,
      leaked: how !== 'allowed',
    })),
  )
}
