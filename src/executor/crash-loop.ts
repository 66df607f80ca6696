/**
 * Workers that die one after another without having begun anything: each would be replaced as fast as the machine can. From the
 * second on there is a pause before the next start, and from the fifth on nobody believes in the next one.
 */
import { restartPauseMs } from './back-off.ts'

/** Workers that may die one after another without having begun anything. */
const MAX_FRUITLESS = 5

export class CrashLoop {
  readonly #onResume: () => void
  #deaths = 0
  #pauseMs = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onResume  Called after a pause. */
  constructor(onResume: () => void) {
    this.#onResume = onResume
  }

  /** Deaths in a row. */
  get deaths(): number {
    return this.#deaths
  }

  get isHopeless(): boolean {
    return this.#deaths >= MAX_FRUITLESS
  }

  /** Whether a worker may be started now for what waits. If not, `onResume` follows. */
  mayStart(): boolean {
    if (this.#pauseMs === 0) return true
    // Only when something waits, and for as long as that: it keeps the process alive.
    this.#timer ??= setTimeout(() => {
      this.stop()
      this.#onResume()
    }, this.#pauseMs)
    return false
  }

  /** A worker died and had begun nothing. */
  died(): void {
    this.#deaths += 1
    // One alone may have been anybody's kill.
    if (this.#deaths > 1) this.#pauseMs = restartPauseMs(this.#deaths - 1)
  }

  /** A worker does what it should, or those who waited were told. */
  over(): void {
    this.#deaths = 0
    this.stop()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#pauseMs = 0
  }
}
