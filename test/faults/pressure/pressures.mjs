// What a machine can be short of, one a file. Each is put on a single command and all that it starts, and taken back.
import { descriptors } from './descriptors.mjs'
import { memory } from './memory.mjs'
import { neighbour } from './neighbour.mjs'
import { none } from './none.mjs'
import { nproc } from './nproc.mjs'
import { pids } from './pids.mjs'
import { sharedMemory } from './shared-memory.mjs'

/**
 * @typedef {object} Pressure
 * @property {string} name
 * @property {string} what  Of what there is too little.
 * @property {(folder: string) => Applied} apply
 *   For a command that has this folder to write into. Throws, with the reason, when this pressure cannot be had here.
 *
 * @typedef {object} Applied
 * @property {string} limit                The figures.
 * @property {readonly string[]} [wrapper]  Words before the command.
 * @property {number} [neighbours]          Busy processes beside it.
 * @property {boolean} [isShmFull]
 * @property {() => Record<string, number>} [counters]  What the kernel did, just before `release`.
 * @property {() => Promise<void>} [release]  After everything in there has ended.
 */

/** @type {readonly Pressure[]} */
export const PRESSURES = [none, pids, memory, descriptors, nproc, sharedMemory, neighbour]
