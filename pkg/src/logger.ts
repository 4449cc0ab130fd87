/** Where the package says what it does, for developers. */

/** A sink for log lines; `console` is one. Nothing a user must see is only logged: that is an event. */
export interface Logger {
  debug(message: string, ...values: unknown[]): void
  warn(message: string, ...values: unknown[]): void
  error(message: string, ...values: unknown[]): void
}

/** The default: warnings and errors go to the console. */
export const consoleLogger: Logger = {
  debug: () => {},
  warn: (message, ...values) => console.warn(`rejoin: ${message}`, ...values),
  error: (message, ...values) => console.error(`rejoin: ${message}`, ...values),
}

/** Says nothing. */
export const silentLogger: Logger = { debug: () => {}, warn: () => {}, error: () => {} }
