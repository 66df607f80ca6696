import { noneOfAny, type ResourceKind } from './account-state.ts'
import { sharedState } from './state.ts'

/**
 * What one owner (an executor, a scope) has made and given back. Counted where a thing is made and where the operating
 * system has let go of it; nothing is looked up.
 */
export class Holdings {
  readonly #created = noneOfAny()
  readonly #released = noneOfAny()
  #state: 'owned' | 'ended' = 'owned'

  /**
   * Something was made.
   *
   * @param isTracked  Whether the journal knew of it before it was used; counts for the journalled kinds alone.
   */
  made(kind: ResourceKind, { isTracked }: { readonly isTracked: boolean }): void {
    const { account } = sharedState()
    this.#created[kind] += 1
    account.created[kind] += 1
    if (isTracked) account.tracked[kind] += 1
    // An owner that lingers may be asked again.
    if (this.#state === 'ended') account.leftovers.add(this)
  }

  /** The journal has heard of something that was made untracked, before it was used. */
  tracked(kind: ResourceKind): void {
    sharedState().account.tracked[kind] += 1
  }

  /** The operating system has let go of it. */
  released(kind: ResourceKind): void {
    const { account } = sharedState()
    this.#released[kind] += 1
    account.released[kind] += 1
    if (this.held === 0) account.leftovers.delete(this)
  }

  /** The owner is no more: what it holds still was left, until somebody releases it. Safe to repeat. */
  end(): void {
    this.#state = 'ended'
    if (this.held > 0) sharedState().account.leftovers.add(this)
  }

  /** Things of all kinds that were made and not released. */
  get held(): number {
    return sum(this.#created) - sum(this.#released)
  }

  get created(): Readonly<Record<ResourceKind, number>> {
    return this.#created
  }

  get releasedByKind(): Readonly<Record<ResourceKind, number>> {
    return this.#released
  }
}

function sum(counts: Readonly<Record<ResourceKind, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
