/** A small typed event emitter: subscribing returns the way to unsubscribe. */

import { RejoinError } from './errors.js'

/** Ends a subscription. Calling it twice does no harm. */
export type Unsubscribe = () => void

/**
 * Listeners by event name. A listener that throws does not keep the others from hearing the event: what
 * it threw goes to `onThrow`.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #names: readonly (keyof Events)[]
  readonly #onThrow: (thrown: unknown) => void

  constructor(names: readonly (keyof Events)[], onThrow: (thrown: unknown) => void) {
    this.#names = names
    this.#onThrow = onThrow
  }

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): Unsubscribe {
    // A name misspelt in JavaScript would be waited for in vain.
    if (!this.#names.includes(name)) {
      throw new RejoinError('invalid-argument', `there is no event ${String(name)}; there are ${this.#names.join(', ')}`, {
        argument: 'event',
      })
    }
    if (typeof listener !== 'function') {
      throw new RejoinError('invalid-argument', `the listener of ${String(name)} is to be a function`, { argument: 'listener' })
    }
    let set = this.#listeners.get(name)
    if (set === undefined) this.#listeners.set(name, (set = new Set()))
    // A fresh function, so that one listener can be subscribed twice and each ended on its own.
    const entry = (event: Events[K]) => listener(event)
    set.add(entry)
    return () => void set.delete(entry)
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const set = this.#listeners.get(name)
    if (set === undefined) return
    // Over a copy: a listener may subscribe and unsubscribe.
    for (const listener of [...set]) {
      try {
        ;(listener as (event: Events[K]) => void)(event)
      } catch (thrown) {
        this.#onThrow(thrown)
      }
    }
  }

  /** Whether an event of this name would reach anyone. */
  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }
}
