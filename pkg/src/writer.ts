/** Carries one document's writes to storage, in order, and keeps at it when storage fails. */

import { Backoff } from './backoff.js'
import type { Clock, Random, Timer } from './clock.js'
import { asRejoinError, RejoinError } from './errors.js'
import type { Effect } from './engine.js'
import type { Storage, StoredWrite } from './storage/port.js'

type Persist = Extract<Effect, { type: 'persist' }>

/** What a writer reports. */
export interface WriterEvents {
  /** This batch, and all before it, is stored. */
  persisted(batch: number): void
  /** A write failed; it will be tried again, and nothing after it is stored before it. */
  failed(error: RejoinError): void
}

/** What a writer needs of the world. */
export interface WriterHost {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
}

/**
 * The write queue of one document. While a write is under way the batches that come are gathered, and
 * go out as one: a checkpoint among them takes the place of all before it.
 *
 * A failing write is kept and tried again with backoff, for as long as it takes: the edits stay in
 * memory, and since nothing is reported as stored, none of them is sent (I4).
 */
export class Writer {
  readonly #doc: string
  readonly #host: WriterHost
  readonly #events: WriterEvents
  readonly #backoff: Backoff
  #queue: Persist[] = []
  /** The number of the batches at the head of the queue that are being written. */
  #writing = 0
  #error: RejoinError | undefined
  #retry: Timer | undefined
  #waiting: { resolve(): void; reject(error: RejoinError): void }[] = []
  #patient: (() => void)[] = []
  #stopped = false

  constructor(doc: string, host: WriterHost, events: WriterEvents) {
    this.#doc = doc
    this.#host = host
    this.#events = events
    this.#backoff = new Backoff({ first: 500, most: 30_000 }, host.random)
  }

  /** Why the last write failed, until one succeeds. */
  get error(): RejoinError | undefined {
    return this.#error
  }

  /** Queues a write. */
  push(write: Persist): void {
    this.#queue.push(write)
    if (this.#retry === undefined) this.#start()
  }

  /**
   * Resolves once everything queued is stored; a write waiting to be tried again is tried at once.
   * Rejects with the error when it fails again; it stays queued.
   */
  drain(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#start()
    })
  }

  /** Resolves once everything queued is stored, however long that takes. */
  emptied(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#patient.push(resolve))
  }

  /** Ends all activity: what is queued is given up. */
  stop(): void {
    this.#stopped = true
    this.#stopRetry()
    this.#queue = []
  }

  #start(): void {
    this.#stopRetry()
    if (this.#stopped || this.#writing > 0 || this.#queue.length === 0) return
    this.#writing = this.#queue.length
    const last = this.#queue.at(-1)?.batch ?? 0
    void this.#write(merged(this.#queue)).then((error) => this.#settled(last, error))
  }

  async #write(write: StoredWrite): Promise<RejoinError | undefined> {
    try {
      await this.#host.storage.write(this.#doc, write)
      return undefined
    } catch (thrown) {
      return asRejoinError(thrown, 'storage-failed', 'the storage failed')
    }
  }

  #settled(batch: number, error: RejoinError | undefined): void {
    if (this.#stopped) return
    const written = this.#writing
    this.#writing = 0
    this.#error = error
    if (error === undefined) {
      this.#backoff.reset()
      this.#queue.splice(0, written)
      // May push the next batch.
      this.#events.persisted(batch)
      if (this.#queue.length > 0) this.#start()
      else {
        for (const { resolve } of this.#waiting.splice(0)) resolve()
        for (const resolve of this.#patient.splice(0)) resolve()
      }
    } else {
      this.#retry = this.#host.clock.setTimeout(() => this.#start(), this.#backoff.next())
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      this.#events.failed(error)
    }
  }

  #stopRetry(): void {
    if (this.#retry !== undefined) this.#host.clock.clearTimeout(this.#retry)
    this.#retry = undefined
  }
}

/** Several batches as one write: the newest checkpoint, and the entries since. */
function merged(batches: readonly Persist[]): StoredWrite {
  let checkpoint: unknown
  let entries: unknown[] = []
  for (const batch of batches) {
    if (batch.checkpoint !== undefined && batch.checkpoint !== null) {
      checkpoint = batch.checkpoint
      entries = []
    }
    entries = entries.concat(batch.entries)
  }
  return checkpoint === undefined ? { entries } : { checkpoint, entries }
}
