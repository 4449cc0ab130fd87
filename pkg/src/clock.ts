/** Time and chance, injectable so that tests need neither. */

/** A running timer, as {@link Clock.setTimeout} gave it. */
export type Timer = unknown

/** What the package needs of time. The default is the system's; tests pass one they advance by hand. */
export interface Clock {
  /** Milliseconds; only differences matter. */
  now(): number
  /** Calls `run` once, `ms` milliseconds from now. */
  setTimeout(run: () => void, ms: number): Timer
  /** Stops a timer that has not run. */
  clearTimeout(timer: Timer): void
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
}

/** A number in `[0, 1)`, as `Math.random` gives. */
export type Random = () => number
