/** @import { Pressure } from './pressures.mjs' */

/** A `/dev/shm` of its own on which not a byte is free, as a small container has it. @type {Pressure} */
export const sharedMemory = {
  name: 'shm-full',
  what: 'room in /dev/shm',
  apply: () => ({ limit: '/dev/shm of 1 MiB, full', isShmFull: true }),
}
