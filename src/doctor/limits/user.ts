/** What this user and each of the user's processes may have. */
import { openDescriptors, softLimit, threadsOf } from '../../os/process-limits.ts'
import { userOf } from '../../os/process-table.ts'
import type { Measure } from '../measure.ts'
import { usedPart } from '../measure.ts'
import type { Sight } from '../sight.ts'

export function measureUser({ processes }: Sight): Measure[] {
  const uid = process.getuid?.()
  const ours = processes
    .filter(({ pid }) => userOf(pid) === uid)
    .map(({ pid, name }) => ({ pid, name }))
  return [...threads(ours.map(({ pid }) => pid)), ...descriptors(ours)]
}

/** The kernel holds nobody to it who may raise it: root. */
function threads(pids: readonly number[]): Measure[] {
  const limit = softLimit('self', 'Max processes')
  if (limit === undefined || process.getuid?.() === 0) return []
  return [
    {
      name: 'processes and threads of this user',
      used: threadsOf(pids),
      limit,
      unit: 'count',
      where: 'ulimit -u',
      remedy: 'end what is not needed, or raise it (limits.conf, LimitNPROC= of systemd)',
    },
  ]
}

/** Of all processes the one that is nearest to its limit, and each that is near. */
function descriptors(processes: readonly { pid: number; name: string }[]): Measure[] {
  const measures = processes.flatMap(({ pid, name }): Measure[] => {
    const limit = softLimit(pid, 'Max open files')
    const used = openDescriptors(pid)
    if (limit === undefined || used === undefined) return []
    return [
      {
        name: `open files of process ${pid} (${name})`,
        used,
        limit,
        unit: 'count',
        where: `/proc/${pid}/limits`,
        remedy:
          'see /proc/PID/fd for what it holds, or raise it (ulimit -n, LimitNOFILE= of systemd)',
      },
    ]
  })
  return measures.toSorted((a, b) => usedPart(b) - usedPart(a)).slice(0, 3)
}
