/**
 * The messages, as far as this package looks into them. Documents' messages go to the engine and come
 * from it whole; only `type` and `doc` are read here. docs/protocol.md has them all.
 */

import { RejoinError } from './errors.js'
import { MOST_NESTING, textNestsTooDeep } from './nesting.js'
import { checkText } from './strings.js'

/** Changes when an old peer would misread a message. The engine's `PROTOCOL_VERSION`. */
export const PROTOCOL_VERSION = 1

/** What a client sends. `open` and `submit` are made by the engine. */
export type ClientMessage =
  | { readonly type: 'hello'; readonly protocol: number; readonly token?: string }
  | { readonly type: 'submit'; readonly doc: string; readonly seq: number }
  | { readonly type: 'open' | 'close'; readonly doc: string }
  | { readonly type: 'ping' }

/** What a server sends, as far as it is looked into. */
export type ServerMessage =
  | { readonly type: 'welcome'; readonly protocol: number; readonly maxMessageBytes?: number }
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly doc?: string; readonly seq?: number; readonly code: string; readonly detail: string }
  | DocMessage

/** A message about one document. */
export interface DocMessage {
  readonly type: 'snapshot' | 'ops' | 'committed' | 'rejected' | 'behind'
  readonly doc: string
}

/** What the engine is told, in the server's stead, of a message that the server would not have read. */
export type Refusal =
  | { readonly type: 'rejected'; readonly doc: string; readonly seq: number; readonly code: string; readonly detail: string }
  | { readonly type: 'error'; readonly doc: string; readonly code: string; readonly detail: string }

const DOC_TYPES: ReadonlySet<string> = new Set(['snapshot', 'ops', 'committed', 'rejected', 'behind'])

/**
 * Reads what a server sent. Cost: linear.
 *
 * @throws {@link RejoinError} `malformed-message`, with `details.start`, when it is no message: not JSON, nested too deeply,
 *   of the wrong shape, or with half a surrogate pair in a string.
 */
export function readMessage(data: string): ServerMessage {
  const start = data.slice(0, 200)
  if (textNestsTooDeep(data)) {
    throw new RejoinError('malformed-message', `ignored a message from the server: nested more than ${MOST_NESTING} deep`, { start, limit: MOST_NESTING })
  }
  let message: unknown
  try {
    // A surrogate comes as an escape, if at all: then every string is looked at.
    message = /\\u[dD][89a-fA-F]/.test(data) ? JSON.parse(data, wholeCharacters) : JSON.parse(data)
  } catch (thrown) {
    const cause = thrown instanceof RejoinError ? thrown : undefined
    throw new RejoinError('malformed-message', `ignored a message from the server: ${cause?.message ?? 'not JSON'}`, { start, ...cause?.details }, thrown)
  }
  if (!isServerMessage(message)) throw new RejoinError('malformed-message', 'ignored a message from the server: it has no type, or not the fields of its type', { start })
  return message
}

function wholeCharacters(key: string, value: unknown): unknown {
  checkText('key', key)
  if (typeof value === 'string') checkText('string', value)
  return value
}

/** Whether a parsed message has the shape its type needs here. Unknown types have: they are ignored later. */
function isServerMessage(value: unknown): value is ServerMessage {
  if (typeof value !== 'object' || value === null) return false
  const { type, doc, protocol, maxMessageBytes, code, detail } = value as Record<string, unknown>
  if (typeof type !== 'string') return false
  if (type === 'welcome') {
    return typeof protocol === 'number' && (maxMessageBytes === undefined || typeof maxMessageBytes === 'number')
  }
  if (type === 'error') {
    return typeof code === 'string' && typeof detail === 'string' && (doc === undefined || typeof doc === 'string')
  }
  return !DOC_TYPES.has(type) || typeof doc === 'string'
}

/** Whether a message is about a document, and of a type that this version knows. */
export function isDocMessage(message: ServerMessage): message is DocMessage {
  return DOC_TYPES.has(message.type)
}
