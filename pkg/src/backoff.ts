/** How long to wait before trying again. */

import type { Random } from './clock.js'

/** The bounds of a {@link Backoff}. */
export interface BackoffOptions {
  /** The longest first wait, in milliseconds. */
  readonly first: number
  /** The longest wait at all, in milliseconds. */
  readonly most: number
}

/**
 * Exponential backoff with full jitter: the n-th wait is uniform between 0 and `first · 2ⁿ`, at most
 * `most`. Full jitter spreads the clients of a restarted server evenly, where a fixed wait would bring
 * them all back in the same moment.
 */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #random: Random
  #attempt = 0

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** Failures since the last {@link reset}. */
  get attempt(): number {
    return this.#attempt
  }

  /** Notes a failure; gives the wait before the next try, in milliseconds. */
  next(): number {
    const { first, most } = this.#options
    const ceiling = Math.min(most, first * 2 ** Math.min(this.#attempt, 30))
    this.#attempt++
    return Math.floor(this.#random() * ceiling)
  }

  /** Notes a success. */
  reset(): void {
    this.#attempt = 0
  }
}
