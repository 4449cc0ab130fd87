/** Counters: numbers that are added to. */

import { RejoinError } from '../errors.js'
import { describe, type Value } from './value.js'

/**
 * The sum of a counter.
 *
 * @throws {@link RejoinError} `wrong-type`, `unsafe-integer`.
 */
export function addSafely(counter: Value | undefined, by: number): number {
  if (typeof counter !== 'number') throw new RejoinError('wrong-type', `only a number can be incremented; there is ${describe(counter)}`)
  const sum = counter + by
  for (const value of [counter, by, sum]) {
    if (!Number.isSafeInteger(value)) {
      // Sums of fractions depend on their order, so copies that added in different orders would differ.
      throw new RejoinError('unsafe-integer', `counters count in safe integers (cents, not prices): ${counter} + ${by}`, { counter, by })
    }
  }
  return sum
}
