/**
 * Pipes between a command and us. Node gives a child sockets, which cannot be opened by name: `echo … > /dev/stderr` in a
 * shell script would fail. A named pipe is a pipe to both sides, and one pair serves many commands, one after the other.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'

import type { CommandOutput } from './command-output.ts'

/**
 * When a command and its descendants have ended, nobody has the pipes but who was handed them and is none of those. What that
 * one writes belongs to the output while it keeps coming.
 */
const QUIET_MS = 250
/** Who writes without end is not waited for. */
const MAX_ROUNDS = 40

/** One end that a command writes into. */
interface Pipe {
  readonly file: string
  readonly from: net.Socket
  /** For the command. Ours is closed as soon as it has its own. */
  readonly to: number
  readonly ended: Promise<void>
}

export interface OpenPipes {
  /** Descriptors for standard output and standard error. */
  readonly descriptors: readonly [number, number]
  /** The command has been started, or will not be. */
  closeOurs(): void
  /**
   * Reads what has been written, to its end or until somebody who holds it open has been silent for a moment.
   *
   * @returns whether that was the end: false, and more could have come.
   */
  drain(): Promise<boolean>
}

/** The pipes of one job slot. */
export class CommandPipes {
  readonly #folder: string
  readonly #name: string
  #files: readonly string[] = []
  #made = 0

  /** @param folder  Where they are made; it is removed with them by its owner. */
  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
  }

  open(stdout: CommandOutput, stderr: CommandOutput): OpenPipes {
    if (this.#files.length === 0) this.#files = this.#make()
    const pipes: Pipe[] = []
    try {
      for (const [at, output] of [stdout, stderr].entries()) {
        pipes.push(openPipe(this.#files[at] ?? '', output))
      }
    } catch (error) {
      for (const pipe of pipes) close(pipe)
      throw error
    }
    const [out, err] = pipes
    let areOursOpen = true
    return {
      descriptors: [out?.to ?? -1, err?.to ?? -1],
      closeOurs() {
        if (!areOursOpen) return
        areOursOpen = false
        for (const { to } of pipes) closeSync(to)
      },
      drain: async () => {
        const isAll = await haveEnded(pipes)
        for (const { from } of pipes) from.destroy()
        // Whoever still holds them would write into the next command's output.
        if (!isAll) this.#abandon()
        return isAll
      },
    }
  }

  #make(): string[] {
    this.#made += 1
    const files = ['out', 'err'].map((stream) =>
      path.join(this.#folder, `${this.#name}-${this.#made}-${stream}`),
    )
    // Not beside commands that run: it would be taken for one of their processes.
    execFileSync('mkfifo', ['-m', '600', ...files])
    return files
  }

  #abandon(): void {
    for (const file of this.#files) unlinkSync(file)
    this.#files = []
  }
}

function openPipe(file: string, output: CommandOutput): Pipe {
  // Without O_NONBLOCK it would wait for a writer; the command's end is opened apart, and does block.
  const reading = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  let to: number
  try {
    to = openSync(file, constants.O_WRONLY)
  } catch (error) {
    closeSync(reading)
    throw error
  }
  const from = new net.Socket({ fd: reading, readable: true, writable: false })
  from.on('data', (chunk: Buffer) => output.add(chunk))
  // It cannot be read any further: that is its end.
  from.on('error', () => from.destroy())
  const ended = new Promise<void>((resolve) => {
    from.once('close', () => resolve())
  })
  return { file, from, to, ended }
}

function close({ from, to }: Pipe): void {
  closeSync(to)
  from.destroy()
}

async function haveEnded(pipes: readonly Pipe[]): Promise<boolean> {
  let isEnd = false
  const all = Promise.all(pipes.map(({ ended }) => ended)).then(() => (isEnd = true))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = bytesOf(pipes)
    const waiting = new AbortController()
    await Promise.race([all, delay(QUIET_MS, undefined, waiting).catch(() => {})])
    waiting.abort()
    // We may have been busy or stopped all that time: what there is is read in one turn.
    if (!isEnd) await turn()
    if (!isEnd) await turn()
    if (isEnd || bytesOf(pipes) === before) break
  }
  return isEnd
}

function bytesOf(pipes: readonly Pipe[]): number {
  return pipes.reduce((sum, { from }) => sum + from.bytesRead, 0)
}
