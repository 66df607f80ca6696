/**
 * Those that one AbortSignal ends: one listener however many they are, and none while there is nobody. (With a listener each the
 * eleventh would pass Node's warning limit, settled calls would stay in memory, and every new one would be compared with all.)
 */
export interface Abortable {
  aborted(reason: unknown): void
}

const groups = new WeakMap<AbortSignal, SignalGroup>()

export class SignalGroup {
  readonly #signal: AbortSignal
  readonly #members = new Set<Abortable>()
  readonly #onAbort = (): void => {
    for (const member of this.#members) member.aborted(this.#signal.reason)
  }

  private constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** The only one of that signal. */
  static of(signal: AbortSignal): SignalGroup {
    let group = groups.get(signal)
    if (!group) {
      group = new SignalGroup(signal)
      groups.set(signal, group)
    }
    return group
  }

  /** Tells it at once when the signal is aborted already. */
  add(member: Abortable): void {
    if (this.#signal.aborted) {
      member.aborted(this.#signal.reason)
      return
    }
    if (this.#members.size === 0)
      this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#members.add(member)
  }

  delete(member: Abortable): void {
    if (this.#members.delete(member) && this.#members.size === 0) {
      this.#signal.removeEventListener('abort', this.#onAbort)
    }
  }
}
