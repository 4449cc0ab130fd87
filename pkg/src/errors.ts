/** The one error type of the package: a stable code, a sentence for people, and the values. */

/**
 * The stable codes a {@link RejoinError} can carry. Codes are never renamed; new ones may come, so a
 * `switch` over them needs a default.
 *
 * | code | meaning |
 * |---|---|
 * | `not-initialised` | `init()` or `initSync()` has not finished |
 * | `init-failed` | the WebAssembly module could not be fetched, read or compiled |
 * | `invalid-argument` | an argument of the wrong type or shape; `details.argument` names it |
 * | `invalid-offset` | an offset or count that is not a non-negative integer |
 * | `offset-out-of-bounds` | an offset past the end of the text |
 * | `offset-inside-pair` | an offset between the halves of a surrogate pair |
 * | `lone-surrogate` | a string with half a surrogate pair; `details.offset` tells where |
 * | `malformed-op`, `op-too-long`, `too-large` | an op that is no op, does not fit its document, or exceeds a limit |
 * | `invalid-value` | a value that is no JSON; `details.path` tells where in it |
 * | `invalid-path` | a path that is none, or not of the kinds of containers it goes through |
 * | `path-not-found`, `path-occupied` | there is nothing at a place, or something already |
 * | `wrong-type` | there is a value of another type than the call is for |
 * | `unsafe-integer` | a counter, or what is added, is no safe integer |
 * | `value-removed` | what a draft or text handle is on is no longer in the document |
 * | `draft-ended`, `nested-change`, `async-change` | a draft after its change, an edit within one, an asynchronous one |
 * | `does-not-fit` | an op that does not fit the document: nothing is there, or something of another kind |
 * | `schema-violation` | the schema refuses what an edit comes to; `details.issues` tells why |
 * | `schema-async` | the schema cannot decide at once |
 * | `invalid-settings` | settings that no document can have |
 * | `upgrade-needed` | the page works on another schema version than the document has; edits are kept |
 * | `count-too-large` | a revision or seq past 2⁵³ − 1, which only hostile data reaches |
 * | `no-websocket` | this JavaScript has no WebSocket and none was given |
 * | `no-server` | the client was made without a `url`, so nothing is ever committed |
 * | `protocol-version` | client and server speak different protocol versions |
 * | `unauthorized` | the server refused the token |
 * | `invalid-name` | a document id that is empty, over 256 bytes, or has control characters |
 * | `unknown-document` | the document does not exist on the server |
 * | `forgotten` | on a refused edit: nobody can tell whether the document has it already; look, then discard it or make it again |
 * | `malformed-message` | a message from the server that could not be read (it was ignored) |
 * | `storage-refused` | the device's storage cannot be opened (switched off, private window, no permission) |
 * | `storage-blocked` | another tab keeps an older format of the storage open |
 * | `storage-in-use` | the document is open in another tab on the same storage |
 * | `storage-conflict` | something else wrote to this document's storage meanwhile |
 * | `storage-full` | the device's storage quota is used up |
 * | `storage-failed` | reading or writing the device's storage failed otherwise |
 * | `storage-corrupt` | what is stored is not what was written |
 * | `storage-newer` | written by a newer version of this package |
 * | `engine-trapped` | the WebAssembly engine crashed; the document is rebuilt from storage |
 * | `closed` | the document or client was closed |
 * | `aborted` | the caller's AbortSignal fired |
 *
 * Codes of the server, such as those on a rejected edit, are passed on as they are.
 */
export type ErrorCode =
  | 'not-initialised'
  | 'init-failed'
  | 'invalid-argument'
  | 'invalid-offset'
  | 'offset-out-of-bounds'
  | 'offset-inside-pair'
  | 'lone-surrogate'
  | 'malformed-op'
  | 'op-too-long'
  | 'too-large'
  | 'invalid-value'
  | 'invalid-path'
  | 'path-not-found'
  | 'path-occupied'
  | 'wrong-type'
  | 'unsafe-integer'
  | 'value-removed'
  | 'draft-ended'
  | 'nested-change'
  | 'async-change'
  | 'schema-violation'
  | 'schema-async'
  | 'does-not-fit'
  | 'invalid-settings'
  | 'upgrade-needed'
  | 'count-too-large'
  | 'no-websocket'
  | 'no-server'
  | 'protocol-version'
  | 'unauthorized'
  | 'invalid-name'
  | 'unknown-document'
  | 'forgotten'
  | 'malformed-message'
  | 'storage-refused'
  | 'storage-blocked'
  | 'storage-in-use'
  | 'storage-conflict'
  | 'storage-full'
  | 'storage-failed'
  | 'storage-corrupt'
  | 'storage-newer'
  | 'engine-trapped'
  | 'closed'
  | 'aborted'
  | (string & {})

/** The values that belong to an error: offsets, lengths, names. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * What every failing call of this package throws or rejects with.
 *
 * @example
 * try {
 *   text.insert(1, 'x') // inside an emoji
 * } catch (error) {
 *   if (error instanceof RejoinError && error.code === 'offset-inside-pair') …
 * }
 */
export class RejoinError extends Error {
  /** What went wrong, for programs. See {@link ErrorCode}. */
  readonly code: ErrorCode
  /** The values that belong to it, such as `offset` and `length`. */
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RejoinError'
    this.code = code
    this.details = details
  }
}

/**
 * Turns whatever the engine threw into a {@link RejoinError}.
 *
 * The engine throws plain `{code, message, …values}`. Anything else that comes out of WebAssembly is a
 * crash: a `RuntimeError` (trap), the borrow check of an object that a trap left in use, or a stack
 * overflow.
 */
export function fromEngine(thrown: unknown): RejoinError {
  if (thrown instanceof RejoinError) return thrown
  if (isCoded(thrown)) {
    const { code, message, ...values } = thrown
    return new RejoinError(code, message, values)
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new RejoinError('engine-trapped', `the engine crashed: ${text}`, {}, thrown)
}

/** Gives `thrown` as it is when it is typed already, else wrapped under `code`. */
export function asRejoinError(thrown: unknown, code: ErrorCode, what: string): RejoinError {
  if (thrown instanceof RejoinError) return thrown
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new RejoinError(code, `${what}: ${text}`, {}, thrown)
}

function isCoded(value: unknown): value is { code: string; message: string } {
  if (typeof value !== 'object' || value === null) return false
  const { code, message } = value as { code?: unknown; message?: unknown }
  // A DOMException has a code too, but a number.
  return typeof code === 'string' && typeof message === 'string'
}
