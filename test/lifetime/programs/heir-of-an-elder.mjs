// Called with the number of an older process: while the only worker ends, that process is killed, and its number is given to one that
// the worker leaves behind. As task module: what does so.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const lastPid = '/proc/sys/kernel/ns_last_pid'

/** @param {number} elder */
export function leaveHeir(elder) {
  process.on('exit', () => {
    const script = `kill -9 ${elder}; while [ -d /proc/${elder} ]; do :; done; echo ${elder - 1} >${lastPid}; setsid sleep 60 </dev/null >/dev/null 2>&1 &`
    spawnSync('sh', ['-c', script])
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ProcessExecutor } = await import('tidypool')
  const elder = Number(process.argv[2])
  const pool = new ProcessExecutor(new URL(import.meta.url), { maxWorkers: 1 })
  await pool.submit('leaveHeir', elder)
  writeFileSync(lastPid, String(elder - 20)) // soon it would be given out anyhow
  const { escaped } = await pool.shutdown()
  for (const { pid } of escaped) process.kill(pid, 'SIGKILL')
  console.log(JSON.stringify(escaped.map(({ name }) => name)))
}
