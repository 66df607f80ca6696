/**
 * Which of an executor's workers may be started, by the one budget of the process tree (`lifetime/budget.ts`).
 *
 * - An executor that runs in no worker is an outermost one: it starts what it is told to, and its workers are counted.
 * - An executor inside a worker asks for a permit for each of its own. When there is none, the first of its workers is the
 *   thread that it runs in (`inline-copying.ts`), so that its tasks always go on; the others wait in line (`worker-gate.ts`).
 */
import { budgetVariable, formatAddress, outerBudget, ownBudget } from '../lifetime/budget.ts'
import type { Budget, Permit } from '../lifetime/budget.ts'
import type { Holdings } from '../lifetime/holdings.ts'
import { cleanUpStep, warnOnce } from '../lifetime/events.ts'
import { holdScope, type Scope, type ScopeHold } from '../lifetime/scope.ts'
import { availableParallelism } from '../os/parallelism.ts'
import { startCopyingInlineWorker } from '../worker/inline-copying.ts'
import type { WorkerSetup } from '../worker/protocol.ts'
import type { Worker, WorkerListener } from '../worker/worker.ts'
import { publishExecutor } from './events.ts'
import type { WorkerNeeds } from './needs.ts'
import type { ResolvedOptions } from './options.ts'
import type { Opening, WorkerSource } from './roster.ts'
import { shareOf, threadVariables } from './thread-share.ts'
import { isLineEmpty, moveLine, standInLine } from './worker-gate.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** By which users set the budget of what they start; the default is the processors. */
const limitVariable = 'TIDYPOOL_BUDGET_WORKERS'

/** Workers that the outermost executors in use were told to have: the user's word, also where it is more than the processors. */
const told = new Map<WorkerBudget, number>()

let keepsOffThisThread = false

/**
 * From now on the first worker of an executor that gets no permit is started beyond the budget instead of standing in on this
 * thread: for programs that promise to hear signals and to end what is out of time wherever they run, such as `run`.
 */
export function keepOffThisThread(): void {
  keepsOffThisThread = true
}

export class WorkerBudget {
  readonly #kind: 'thread' | 'process'
  readonly #options: ResolvedOptions
  readonly #told: number
  /** What we were given ourselves, when we run in a worker. */
  readonly #outerShare: number | undefined
  #outer: Budget | undefined
  #own: Budget | undefined
  #hold: ScopeHold | undefined
  /** For the start that follows at once. */
  #granted: Permit | 'inline' | 'beyond' | undefined

  constructor(kind: 'thread' | 'process', resolved: ResolvedOptions) {
    this.#kind = kind
    this.#options = resolved
    this.#told = resolved.toldWorkers
    this.#outer = outerBudget()
    this.#outerShare = this.#outer?.address.share
  }

  /** The option `env` of an executor with what its workers, and what they start, need to know. */
  environment(env: Environment | undefined): Environment {
    const { share } = this.#limits()
    const directory = (this.#outer ?? this.#own)?.address.directory
    const { limit } = this.#outer?.address ?? this.#limits()
    const address = directory === undefined ? undefined : formatAddress({ limit, share, directory })
    return { ...threadVariables(share, this.#outerShare), [budgetVariable]: address, ...env }
  }

  /** The same source within the budget. */
  over(source: WorkerSource): WorkerSource {
    const needs = (): WorkerNeeds | undefined =>
      this.#granted === 'inline' ? undefined : source.needs
    return {
      get needs() {
        return needs()
      },
      admit: this.#outer && ((opening) => this.#admit(opening)),
      start: (setup, listener, holdings) => this.#start(source, setup, listener, holdings),
      release: () => {
        source.release()
        told.delete(this)
        this.#hold?.release()
        this.#hold = undefined
      },
    }
  }

  #admit(opening: Opening): Promise<void> {
    // Nobody is overtaken by who comes later.
    if (this.#grant(opening, isLineEmpty()) === 'started') return this.#begin(opening)
    return new Promise((resolve) => {
      standInLine({
        opening,
        tryStart: (mayClaim) => {
          const outcome = this.#grant(opening, mayClaim)
          if (outcome === 'started') resolve(this.#begin(opening))
          return outcome
        },
        giveUp: resolve,
      })
    })
  }

  #begin(opening: Opening): Promise<void> {
    const started = opening.start()
    // Still there: too little was left for a start, and nobody has the permit.
    if (typeof this.#granted === 'object') this.#granted.release()
    this.#granted = undefined
    return started
  }

  #grant(opening: Opening, mayClaim: boolean): 'started' | 'full' | 'waits' {
    if (mayClaim && this.#outer) {
      const permit = this.#outer.claim(() => this.#scope())
      // Its owner has ended, and we are about to; or somebody took it away, and this tree begins here.
      if (permit === 'gone') this.#outer = undefined
      else if (permit !== 'none') {
        this.#granted = permit
        return 'started'
      }
    }
    if (!this.#outer) return 'started'
    if (opening.hasOthers()) return mayClaim ? 'full' : 'waits'
    this.#granted = keepsOffThisThread ? 'beyond' : 'inline'
    return 'started'
  }

  #start(
    source: WorkerSource,
    setup: WorkerSetup,
    listener: WorkerListener,
    holdings: Holdings,
  ): Worker {
    const granted = this.#granted
    this.#granted = undefined
    const hasPermit = typeof granted === 'object'
    const permit = hasPermit ? granted : granted === undefined ? this.#count() : undefined
    const watched: WorkerListener = {
      onMessage: (message) => listener.onMessage(message),
      onEnd: (end) => {
        permit?.release()
        listener.onEnd(end)
        moveLine()
      },
    }
    if (granted === 'inline') {
      publishExecutor('inline', this.#options.name, this.#kind)
      return startCopyingInlineWorker(setup, watched)
    }
    try {
      return source.start(setup, watched, holdings)
    } catch (error) {
      permit?.release()
      throw error
    }
  }

  /** Counts a worker of an outermost executor. */
  #count(): Permit | undefined {
    told.set(this, this.#told)
    try {
      const scope = this.#scope()
      this.#own = ownBudget(scope, this.#limits())
      return this.#own.take(scope)
    } catch (error) {
      // No directory, no descriptor: what runs inside this worker has a budget of its own then.
      cleanUpStep('worker not counted', { executor: this.#options.name, error: String(error) })
      this.#own = undefined
      return undefined
    }
  }

  #scope(): Scope {
    this.#hold ??= holdScope(`budget of ${this.#options.name}`)
    return this.#hold.scope
  }

  #limits(): { readonly limit: number; readonly share: number } {
    const { maxWorkers } = this.#options
    if (this.#outer) {
      const { limit, share } = this.#outer.address
      return { limit, share: shareOf(share, maxWorkers) }
    }
    const processors = availableParallelism()
    let sum = 0
    for (const workers of told.values()) sum += workers
    const limit = limitFromEnvironment() ?? Math.max(processors, sum)
    return { limit, share: shareOf(Math.min(limit, processors), maxWorkers) }
  }
}

function limitFromEnvironment(): number | undefined {
  const text = process.env[limitVariable]
  if (text === undefined || text === '') return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  warnOnce(
    'TIDYPOOL_BUDGET_WORKERS',
    `${limitVariable} is ${JSON.stringify(text)}, which is not a whole number of 1 or more: tidypool takes the processors instead.`,
  )
  return undefined
}
