/** The WebAssembly engine, as TypeScript sees it, and the one place that knows whether it is loaded. */

import type { Change } from './changes.js'
import { RejoinError } from './errors.js'
import type { Conflict, OpConflict } from './json/conflict.js'
import type { JsonOp } from './json/op.js'
import type { Path } from './json/path.js'
import type { Step } from './json/steps.js'
import type { Value } from './json/value.js'
import type { ClientMessage, Refusal, ServerMessage } from './protocol.js'

export type { Value } from './json/value.js'

/** A text op on the wire: retain a count, insert a string, delete a count. Counts are Unicode scalars. */
export type TextOp = readonly TextComponent[]
/** One element of a {@link TextOp}. */
export type TextComponent = number | string | { readonly d: number | string }

/** Where a document stands with the server. */
export type DocLink =
  /** No connection. */
  | 'offline'
  /** Asked the server; no answer yet. */
  | 'opening'
  /** What happened meanwhile is coming in. */
  | 'catching-up'
  /** Up to date; edits go out as they are made. */
  | 'live'
  /** The server does not serve this document; the reason came as an `error` event. */
  | 'refused'

/** The engine's account of one document. Counts of edits are since it was opened. */
export interface EngineStatus {
  readonly link: DocLink
  readonly revision: number
  readonly inflight?: number | null
  readonly pending: boolean
  readonly edits: number
  readonly savedEdits: number
  readonly committedEdits: number
  readonly rejected: number
}

/** An edit that the server refused, kept until it is discarded. */
export interface RejectedEdit {
  /** Its number in this document's inbox. */
  readonly id: number
  /** The number it was sent under. */
  readonly seq: number
  /** The revision that `op` stands on. */
  readonly revision: number
  /** The edit. */
  readonly op: JsonOp
  /** Why it was refused: a stable code. */
  readonly code: string
  /** Why, for people. Where the document's schema refused it, also where in the document, and what the schema wants. */
  readonly detail: string
}

/** A whole replica, as a checkpoint stores it. Only the engine looks into it. */
export type Checkpoint = unknown
/** One transition of a replica. Only the engine looks into it. */
export type Entry = unknown

/** What the engine asks to be carried out, in order. */
export type Effect =
  | { readonly type: 'persist'; readonly batch: number; readonly checkpoint?: Checkpoint | null; readonly entries: readonly Entry[] }
  | { readonly type: 'send'; readonly message: ClientMessage }
  /** A root string was edited, and nothing else happened. */
  | { readonly type: 'patch'; readonly changes: readonly Change[] }
  /** Anything else happened to the document. */
  | { readonly type: 'steps'; readonly steps: readonly Step[] }
  /** One of those that were resolved to come to the steps. */
  | { readonly type: 'conflict'; readonly conflict: Conflict }
  | { readonly type: 'rejected'; readonly edit: RejectedEdit }
  | { readonly type: 'cloned' }
  | { readonly type: 'refused'; readonly code: string; readonly detail: string }
  | { readonly type: 'fault'; readonly error: unknown }

/** One document on one device (src/client in Rust). */
export interface Replica {
  /** Edits the root string, in UTF-16 offsets. */
  edit(at: number, deleted: number, insert: string): void
  /** Edits the string at a path, in UTF-16 offsets. */
  editText(path: Path, at: number, deleted: number, insert: string): void
  /**
   * Applies ops, each made on the state after the one before, as one edit: all or nothing. Gives the steps of the
   * whole, none when it comes to nothing.
   */
  editOps(ops: readonly JsonOp[]): readonly Step[]
  /** The steps that {@link editOps} would give; nothing changes. */
  previewOps(ops: readonly JsonOp[]): readonly Step[]
  connected(): void
  disconnected(): void
  receive(message: ServerMessage | Refusal): void
  resync(): void
  readonly needsResync: boolean
  flush(): void
  persisted(batch: number): void
  setClient(client: string): void
  /** The schema version that the page works on; at first that of the settings. */
  setSchemaVersion(version: number | undefined): void
  takeEffects(): Effect[]
  /** The document's value, as a fresh plain object; `undefined` when there is none. */
  value(): Value | undefined
  /** The root string. Throws `does-not-fit` when the root is none. */
  text(): string
  /** The root string's length in UTF-16 code units. Throws as {@link text}. */
  readonly length: number
  status(): EngineStatus
  inbox(): RejectedEdit[]
  discard(id: number): void
  free(): void
  /** Lets go of it without freeing it: for one that crashed. wasm-bindgen's own name. */
  __destroy_into_raw(): number
}

/** What the generated module exports, once it is initialised. */
export interface Engine {
  readonly Replica: {
    /** `settings` are what the document is created with, if it has to be: in their wire form. */
    new (doc: string, client: string, create: Value, settings?: Value): Replica
    restore(stored: { readonly checkpoint: Checkpoint; readonly entries: readonly Entry[] }): Replica
  }
  textApply(doc: string, op: TextOp): string
  textCheck(op: TextOp): void
  textCompose(first: TextOp, then: TextOp): TextOp
  textTransform(op: TextOp, other: TextOp, side: 'left' | 'right'): TextOp
  textInvert(op: TextOp, doc: string): TextOp
  textNormalize(op: TextOp): TextOp
  textTransformPosition(position: number, op: TextOp, after: boolean): number
  textDiff(before: string, after: string): TextOp
  /** The document after `op`; `undefined` stands for no document. */
  jsonApply(doc: Value | undefined, op: JsonOp): Value | undefined
  /** Throws unless `op` is an op in canonical form that some document fits. */
  jsonCheck(op: JsonOp): void
  jsonNormalize(op: JsonOp): JsonOp
  jsonCompose(first: JsonOp, then: JsonOp): JsonOp
  /** Under the policy `json1`. */
  jsonTransform(op: JsonOp, other: JsonOp, side: 'left' | 'right'): JsonOp
  /** What is in conflict between two ops on one document; `left` and `right` in no order of time. */
  jsonConflicts(left: JsonOp, right: JsonOp): readonly OpConflict[]
  jsonInvertWithDoc(op: JsonOp, doc: Value | undefined): JsonOp
  jsonMakeInvertible(op: JsonOp, doc: Value | undefined): JsonOp
  /** Where the value at a path is after `op`; `null` when it is removed. */
  jsonTransformPosition(path: Path, op: JsonOp): Path | null
  /** A small op from one document to the other: `null` when they are equal. */
  jsonDiff(before: Value | undefined, after: Value | undefined): JsonOp
}

let loaded: Engine | undefined
/** The module's own stack, and where it begins. */
let stack: { readonly pointer: WebAssembly.Global; readonly start: unknown } | undefined

/**
 * The engine.
 *
 * @throws {@link RejoinError} `not-initialised` before {@link setEngine}.
 */
export function engine(): Engine {
  if (loaded === undefined) {
    throw new RejoinError('not-initialised', 'the engine is not loaded yet: call `await init()` (or initSync) first')
  }
  return loaded
}

/** Whether the engine is loaded. */
export function isInitialised(): boolean {
  return loaded !== undefined
}

/** The module is initialised: from now on {@link engine} gives it. */
export function setEngine(module: Engine, stackPointer: WebAssembly.Global | undefined): void {
  loaded = module
  stack = stackPointer && { pointer: stackPointer, start: stackPointer.value }
}

/**
 * To be called after a crash, when nothing runs in the module any more: what ran had left its stack as it was,
 * and after a few stack overflows there would be none left, for any document.
 */
export function unwindStack(): void {
  if (stack !== undefined) stack.pointer.value = stack.start
}
