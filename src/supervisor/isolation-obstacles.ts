/** What the kernel's settings say about namespaces, when they were refused. */
import { readFileSync } from 'node:fs'
import { errorCode, isGoneError } from '../os/process-identity.ts'

const settings: readonly { readonly file: string; readonly bad: string; readonly says: string }[] =
  [
    {
      file: '/proc/sys/user/max_user_namespaces',
      bad: '0',
      says: 'user.max_user_namespaces is 0, so that only root can isolate',
    },
    {
      file: '/proc/sys/kernel/unprivileged_userns_clone',
      bad: '0',
      says: 'kernel.unprivileged_userns_clone is 0, so that only root can isolate',
    },
    {
      file: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      bad: '1',
      says: 'kernel.apparmor_restrict_unprivileged_userns is 1, so that only root can isolate, or bwrap with a profile of its own',
    },
  ]

const inContainer =
  'in a container it needs CAP_SYS_ADMIN and a /proc without covered files (docker run --privileged)'

/** One clause for each. */
export function findObstacles(): readonly string[] {
  const found = settings.filter(({ file, bad }) => read(file) === bad).map(({ says }) => says)
  return found.length > 0 ? found : [inContainer]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return '' // this kernel has no such setting
    throw error
  }
}
