// Solves the puzzle, and leaves a process behind: a "helper" in a session of its own (`detached` is setsid), which
// no signal to the worker's process group reaches. Here it only sleeps, and not for ever.

import { spawn } from 'node:child_process'
import solveWell from './a-star.ts'

export default function solve(start: string): string {
  spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref()
  return solveWell(start)
}
