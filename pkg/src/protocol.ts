/**
 * The messages, as far as this package looks into them. Documents' messages go to the engine and come
 * from it whole; only `type` and `doc` are read here. docs/protocol.md has them all.
 */

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

/** Whether a parsed message has the shape its type needs here. Unknown types have: they are ignored later. */
export function isServerMessage(value: unknown): value is ServerMessage {
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
