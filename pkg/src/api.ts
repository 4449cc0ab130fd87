/** Everything that `rejoin` and `rejoin/inline` share: all but the loading of the engine. */

export { bindTextarea, type BindTextareaOptions } from './textarea.js'
export { Client, type ClientEvents, type ClientOptions, type ClientStatus, type OpenOptions } from './client.js'
export {
  Doc,
  type ChangeEvent,
  type CloseOptions,
  type DocEvents,
  type DocStatus,
  type Rejected,
  type WaitOptions,
} from './doc.js'
export { Text, type EditOptions } from './text.js'
export type { TextChangeEvent, TextEvents } from './json/text-place.js'
export type { ChangeTools, Draft } from './json/draft.js'
export type { DraftText } from './json/draft-text.js'
export { applyPatches, type Patch } from './json/patches.js'
export { toPointer, type At, type Key, type Path, type PathLike } from './json/path.js'
export type { JsonComponent, JsonDescent, JsonOp } from './json/op.js'
export type { Conflict, ConflictKind, ConflictPart } from './json/conflict.js'
export type { DocSettings, Policy, PolicySetting } from './json/settings.js'
export type { InferOutput, SchemaIssue, SchemaResult, StandardSchemaV1 } from './json/schema.js'
export {
  applyChanges,
  composeChanges,
  mapOffset,
  minimalChange,
  rebaseChanges,
  type Bias,
  type Change,
  type Changes,
} from './changes.js'
export { RejoinError, type ErrorCode, type ErrorDetails } from './errors.js'
export type { DocLink, RejectedEdit, Value } from './engine.js'
export type { ConnectionState } from './connection.js'
export type { Unsubscribe } from './emitter.js'
export type { Clock, Random, Timer } from './clock.js'
export { consoleLogger, silentLogger, type Logger } from './logger.js'
export {
  webSocketTransport,
  type Link,
  type LinkEvents,
  type Transport,
  type WebSocketConstructor,
  type WebSocketLike,
  type WebSocketTransportOptions,
} from './transport.js'
export type { Storage, StoredDoc, StoredWrite } from './storage/port.js'
export { memoryStorage } from './storage/memory.js'
export { indexedDbStorage, type IndexedDbOptions } from './storage/indexeddb.js'
