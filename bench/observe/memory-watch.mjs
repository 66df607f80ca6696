import { peakRssMb, residentMb, treeOf } from './process-tree.mjs'

const EVERY_MS = 50

/**
 * Looks at the memory of a process and what is below it every so often, while something else is awaited.
 *
 * @param {number} root
 * @param {() => number} progress  How far it is, in any unit.
 */
export function watchMemory(root, progress) {
  /** @type {{ progress: number, ownMb: number }[]} */
  const looks = []
  let treeMb = 0
  const look = () => {
    treeMb = Math.max(treeMb, residentMb(treeOf(root)))
    // The kernel keeps its peak, but shows it only while it lives.
    const ownMb = peakRssMb([root])
    if (ownMb > 0) looks.push({ progress: progress(), ownMb })
  }
  const timer = setInterval(look, EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      const ownMb = looks.at(-1)?.ownMb ?? 0
      const end = progress()
      const tenth = looks.find((look) => end > 0 && look.progress >= end / 10)
      // Nothing to tell of a program that writes nothing, or is gone before two looks.
      return { treeMb, ownMb, ...(tenth && { growth: ownMb / tenth.ownMb }) }
    },
  }
}
