/**
 * Where documents are kept on this device: a port. Implementations here: memory and IndexedDB. Your own
 * should pass the contract suite, `pkg/test/storage-contract.mjs` in the project's repository.
 */

import type { Checkpoint, Entry } from '../engine.js'

/** What is stored of one document: the newest checkpoint, and the entries appended since, in order. */
export interface StoredDoc {
  readonly checkpoint: Checkpoint
  readonly entries: readonly Entry[]
}

/**
 * One write. With a checkpoint it replaces all that was stored of the document; its entries are
 * appended after that.
 */
export interface StoredWrite {
  readonly checkpoint?: Checkpoint
  readonly entries: readonly Entry[]
}

/**
 * A storage of documents. Values are plain data (what structured clone takes); a storage keeps them as
 * they are.
 *
 * Every method rejects with a `RejoinError`: `storage-refused`, `storage-blocked`, `storage-full`,
 * `storage-failed`, `storage-conflict`, `storage-corrupt`, `storage-newer`. One document's trouble must
 * not keep the others from being read and written.
 */
export interface Storage {
  /** Whether what is written survives the end of this program. Only for showing to people. */
  readonly durable: boolean
  /** What is stored of a document; `undefined` when nothing is. */
  load(doc: string): Promise<StoredDoc | undefined>
  /**
   * Stores one write: all of it or, when it rejects, nothing. It resolves once the write would survive a
   * power cut, as far as the storage can tell. Writes of one document are never started before the one
   * before has settled, and the first to a document has a checkpoint.
   */
  write(doc: string, write: StoredWrite): Promise<void>
  /** The names of the stored documents, in no order. */
  list(): Promise<string[]>
  /** Forgets a document. No error when there is none. */
  remove(doc: string): Promise<void>
  /**
   * Takes the document for this page alone, so that two tabs do not write over each other. Rejects with
   * `storage-in-use` when it is taken. Gives the way to let go. Storages that nobody shares leave it out.
   */
  lock?(doc: string): Promise<() => void>
  /** Lets go of everything held open. Using the storage again opens it again. */
  close(): Promise<void>
}
