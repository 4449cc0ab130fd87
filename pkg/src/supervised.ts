/**
 * One document's engine under supervision. After a crash its memory cannot be trusted, but what is stored
 * can: it is made anew from that, and what had not reached storage yet is edited in again.
 *
 * ```text
 *   running ◀──── made anew ──── restarting ──── its stored copy cannot be read ───▶ crashed
 *      └──────── crash ─────────────▲                                                  ▲
 *      └──────── the fourth crash ─────────────────────────────────────────────────────┘
 *   any of them ──── close() ───▶ closed
 * ```
 */

import { engine, unwindStack, type Effect, type EngineStatus, type Replica } from './engine.js'
import { fromEngine, RejoinError } from './errors.js'
import { MOST_NESTING, nestsTooDeep } from './nesting.js'
import type { StoredDoc } from './storage/port.js'

/** Crashes of the engine after which a document stays down. */
const MOST_CRASHES = 3

/** Whether the engine runs: it may have crashed and be restored from storage, or have crashed too often. */
export type Health = 'running' | 'restarting' | 'crashed' | 'closed'

/** What supervision needs, and what it reports. */
export interface SupervisedHost {
  /** What is stored of the document, once everything that was handed to storage is there. */
  stored(): Promise<StoredDoc | undefined>
  /** The engine is down; {@link Supervised.health} says whether it is coming back. */
  down(error: RejoinError): void
  /** It runs again; it knows of no connection. */
  restored(): void
}

/** The engine of one document, for as long as the document is open. */
export class Supervised {
  readonly #doc: string
  readonly #host: SupervisedHost
  readonly #schemaVersion: number | undefined
  #replica: Replica | undefined
  #health: Health = 'running'
  #crashes = 0
  /** Edits that the engine has and storage was not given yet: they go down with the engine, so are made again. */
  #unstored: ((replica: Replica) => unknown)[] = []
  /** All edits, also those that the engine of today does not count: they were made before a crash. */
  #edits: number
  #uncounted = 0
  #lastStatus: EngineStatus

  constructor(doc: string, replica: Replica, schemaVersion: number | undefined, host: SupervisedHost) {
    this.#doc = doc
    this.#schemaVersion = schemaVersion
    this.#replica = replica
    this.#host = host
    this.#lastStatus = replica.status()
    this.#edits = this.#lastStatus.edits
  }

  get health(): Health {
    return this.#health
  }

  /** Whether there is an engine to call. */
  get running(): boolean {
    return this.#replica !== undefined
  }

  /** The engine's account; while it is down, the last one. */
  get status(): EngineStatus {
    if (this.#replica === undefined) return { ...this.#lastStatus, link: 'offline' }
    const status = this.use((replica) => replica.status())
    const more = this.#uncounted
    this.#lastStatus = {
      ...status,
      edits: status.edits + more,
      savedEdits: status.savedEdits + more,
      committedEdits: status.committedEdits + more,
    }
    return this.#lastStatus
  }

  /**
   * Calls the engine. A crash takes it down, and is thrown as what every other error is.
   *
   * @throws {@link RejoinError} the engine's, or `engine-trapped`, or `closed`.
   */
  use<T>(call: (replica: Replica) => T): T {
    const replica = this.#replica
    if (replica === undefined) throw this.#downError()
    try {
      return call(replica)
    } catch (thrown) {
      const error = fromEngine(thrown)
      if (error.code === 'engine-trapped') this.#crashed(error)
      throw error
    }
  }

  /** Calls the engine to edit; after a crash it is called so again. `count` is for how many edits the engine takes it. */
  edit<T>(count: number, call: (replica: Replica) => T): T {
    const result = this.use(call)
    this.#unstored.push(call)
    this.#edits += count
    return result
  }

  /** What the engine asks for; what it wants stored counts as stored from here on. */
  takeEffects(): Effect[] {
    const effects = this.use((replica) => replica.takeEffects())
    if (effects.some(({ type }) => type === 'persist')) this.#unstored = []
    return effects
  }

  /** Ends it. Throws what freeing the engine's memory throws; it is ended nevertheless. */
  close(): void {
    this.#health = 'closed'
    const replica = this.#replica
    this.#replica = undefined
    replica?.free()
  }

  #crashed(error: RejoinError): void {
    // A crashed engine counts as in use for ever. The garbage collector would free it, and what that throws
    // nobody can catch.
    this.#replica?.__destroy_into_raw()
    unwindStack()
    this.#replica = undefined
    this.#crashes++
    this.#health = this.#crashes > MOST_CRASHES ? 'crashed' : 'restarting'
    if (this.#health === 'restarting') void this.#restart()
    this.#host.down(error)
  }

  async #restart(): Promise<void> {
    try {
      const stored = await this.#host.stored()
      if (this.#health !== 'restarting') return
      if (stored === undefined) throw new RejoinError('storage-corrupt', `${this.#doc} is no longer stored`, { doc: this.#doc })
      const replica = restore(this.#doc, stored, this.#schemaVersion)
      for (const edit of this.#unstored) edit(replica)
      this.#replica = replica
    } catch (thrown) {
      if (this.#health !== 'restarting') return
      this.#health = 'crashed'
      this.#host.down(fromEngine(thrown))
      return
    }
    this.#health = 'running'
    this.#uncounted = 0
    // Counts go on from where they were: there are promises that wait for them.
    this.#uncounted = Math.max(0, this.#edits - this.status.edits)
    this.#host.restored()
  }

  #downError(): RejoinError {
    const doc = this.#doc
    if (this.#health === 'closed') return closedError(doc)
    const hope = this.#health === 'restarting' ? 'it is being restored from storage, try again' : 'it crashed too often; reload the page'
    return new RejoinError('engine-trapped', `the engine of ${doc} is down: ${hope}`, { doc, health: this.#health })
  }
}

/**
 * The engine as it was stored, for a page that works on this schema version.
 *
 * @throws {@link RejoinError} `storage-corrupt`, `storage-newer`.
 */
export function restore(doc: string, stored: StoredDoc, schemaVersion: number | undefined): Replica {
  if (nestsTooDeep(stored)) {
    throw new RejoinError('storage-corrupt', `the stored copy of ${doc} is damaged: it is nested more than ${MOST_NESTING} deep`, { doc })
  }
  const replica = engine().Replica.restore(stored)
  if (schemaVersion !== undefined) replica.setSchemaVersion(schemaVersion)
  return replica
}

/** What using a closed document gives. */
export function closedError(doc: string): RejoinError {
  return new RejoinError('closed', `${doc} is closed: open it again with client.open()`, { doc })
}
