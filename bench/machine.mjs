// What has to be said with every figure: when, on what, with which versions, and how busy it was.
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { versionsHere } from './peers-here.mjs'

/** Average number of processes that want to run: over 1, 5 and 15 minutes. */
export const load = () =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')

export function aboutHere() {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${model}, ${availableParallelism()} processors, ${memory}, ${process.platform} ${release()}`,
    versions: versionsHere(),
    loadBefore: load(),
  }
}

/** @param {ReturnType<typeof aboutHere>} about */
export function linesAbout({ date, node, machine, versions, loadBefore }) {
  const contenders = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC, Node ${node}; ${machine}; load before ${loadBefore}.`,
    `${contenders.join(', ')}.`,
  ].join('\n')
}
