/** The handle on an open document. */

import type { Changes } from './changes.js'
import { Emitter, type Unsubscribe } from './emitter.js'
import type { DocLink, RejectedEdit, Value } from './engine.js'
import type { RejoinError } from './errors.js'
import type { Logger } from './logger.js'
import type { Session, SessionEvents } from './session.js'
import { Text } from './text.js'

/** The text changed. */
export interface ChangeEvent {
  /** What changed, in UTF-16 offsets into the text before. */
  readonly changes: Changes
  /** Who did it: this page through the document's handle, or somebody else. */
  readonly origin: 'local' | 'remote'
  /** What the local edit named as its source ({@link EditOptions}); `undefined` if nothing, and for edits of others. */
  readonly source: unknown
}

/** Where a document stands: what a page may want to show. */
export interface DocStatus {
  /**
   * Where it stands with the server: `offline`, `opening`, `catching-up`, `live`, `refused`. And with
   * the engine: `restarting` after a crash, `crashed` after too many, `closed`.
   */
  readonly link: DocLink | 'restarting' | 'crashed' | 'closed'
  /** The server's revision that this copy has confirmed. */
  readonly revision: number
  /** The number of the edit that is on its way to the server. */
  readonly inflight: number | undefined
  /** Whether there are edits that are not on their way yet. */
  readonly pending: boolean
  /** Whether everything is stored on this device. */
  readonly saved: boolean
  /** Edits made on this handle since it was opened. */
  readonly edits: number
  /** Of these, how many are stored on this device. */
  readonly savedEdits: number
  /** Of these, how many the server has accepted or refused. */
  readonly committedEdits: number
  /** Refused edits that wait for the user: {@link Doc.rejected}. */
  readonly rejected: number
  /** Why the last write to this device's storage failed, until one succeeds. Edits stay in memory until then. */
  readonly storageError: RejoinError | undefined
}

/** The events of a {@link Doc}. */
export interface DocEvents {
  /** The text changed. One event for one edit call; what arrives together is one event. */
  change: ChangeEvent
  /** Something in {@link Doc.status} changed. Local edits show here once they are handed to storage. */
  status: DocStatus
  /** The server refused an edit. It is out of the text, and kept in {@link Doc.rejected}. */
  rejected: RejectedEdit
  /** Something is wrong with this document. Edits are kept. */
  error: RejoinError
  /** The engine crashed and was restored from storage: read the text anew. */
  restart: undefined
}

const DOC_EVENTS = ['change', 'status', 'rejected', 'error', 'restart'] as const

/** Options of {@link Doc.saved} and its like. */
export interface WaitOptions {
  /** Ends the wait: the promise rejects with `aborted`. */
  readonly signal?: AbortSignal
}

/** Options of {@link Doc.close}. */
export interface CloseOptions {
  /** Closes even if there are edits that storage does not take; they are lost then. Default: false. */
  readonly discardUnsaved?: boolean
}

/** The refused edits of a document. They stay until discarded, also over reloads. */
export interface Rejected {
  /** The refused edits, oldest first. */
  list(): RejectedEdit[]
  /** Forgets one, by its id. No error when there is none. */
  discard(id: number): void
  /** All of them as JSON text, for saving to a file. */
  export(): string
}

/**
 * An open document. Got from `client.open()`.
 *
 * Opening a document twice gives the same handle; it closes when it was closed as often as opened.
 */
export class Doc {
  /** The document's name. */
  readonly id: string
  /** The edits that the server refused. */
  readonly rejected: Rejected
  readonly #session: Session
  readonly #events: Emitter<DocEvents>
  readonly #text: Text
  readonly #release: (doc: Doc, options: CloseOptions) => Promise<void>
  /** Events on their way: a listener that edits must not make others hear of its edit before this event. */
  readonly #outbox: (() => void)[] = []
  #emitting = false

  /** @internal */
  constructor(session: Session, logger: Logger, release: (doc: Doc, options: CloseOptions) => Promise<void>) {
    this.id = session.id
    this.#session = session
    this.#release = release
    this.#events = new Emitter(DOC_EVENTS, (thrown) => logger.error(`a listener of ${this.id} threw`, thrown))
    this.#text = new Text(this, session)
    this.rejected = {
      list: () => session.inbox(),
      discard: (id) => session.discard(id),
      export: () => JSON.stringify({ doc: this.id, rejected: session.inbox() }, null, 2),
    }
  }

  /** The handle on the document's text: the same each time. */
  text(): Text {
    return this.#text
  }

  /** The document's value; today its text. */
  get value(): Value {
    return this.#session.text()
  }

  /** Where the document stands. */
  get status(): DocStatus {
    const { link, revision, inflight, pending, edits, savedEdits, committedEdits, rejected } = this.#session.status
    const { health, storageError } = this.#session
    return {
      link: health === 'running' ? link : health,
      revision,
      inflight: inflight ?? undefined,
      pending,
      saved: savedEdits === edits && storageError === undefined,
      edits,
      savedEdits,
      committedEdits,
      rejected,
      storageError,
    }
  }

  /**
   * Listens for an event.
   *
   * What a listener throws goes to the client's logger, and does not keep the others from hearing the event.
   *
   * @throws {@link RejoinError} `invalid-argument` when there is no such event.
   * @returns the way to stop listening.
   * @example
   * const stop = doc.on('change', ({ changes, origin }) => {
   *   if (origin === 'remote') editor.dispatch({ changes })
   * })
   */
  on<K extends keyof DocEvents>(event: K, listener: (event: DocEvents[K]) => void): Unsubscribe {
    return this.#events.on(event, listener)
  }

  /**
   * Resolves once every edit made by now is stored on this device. Stores at once.
   *
   * @throws {@link RejoinError} `storage-…` when a write fails (the edits stay, and it is tried again),
   *   `closed`, `aborted`, `engine-trapped`.
   */
  saved(options: WaitOptions = {}): Promise<void> {
    return this.#session.when('saved', options.signal)
  }

  /**
   * Resolves once every edit made by now is accepted and stored by the server; offline, that takes until
   * the connection is back.
   *
   * @throws {@link RejoinError} with the server's code when one of them was refused, or the server does
   *   not serve this document; `no-server` when the client has no `url`, `protocol-version` when the server
   *   refused the connection for good; `closed`, `aborted`, `engine-trapped`.
   * @example
   * await doc.committed({ signal: AbortSignal.timeout(5000) })
   */
  committed(options: WaitOptions = {}): Promise<void> {
    return this.#session.when('committed', options.signal)
  }

  /**
   * Resolves once this copy is up to date and has nothing left to send.
   *
   * @throws {@link RejoinError} as {@link committed}.
   */
  whenSynced(options: WaitOptions = {}): Promise<void> {
    return this.#session.when('synced', options.signal)
  }

  /**
   * Stores what is left and closes the handle, if it was closed as often as opened. Edits that the
   * server does not have yet are sent when the document is opened again.
   *
   * @throws {@link RejoinError} `storage-…` when something cannot be stored: it stays open then.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#release(this, options)
  }

  /** @internal What its session reports. */
  get sessionEvents(): SessionEvents {
    return {
      changed: (changes, origin, source) => this.#emit('change', () => ({ changes, origin, source })),
      status: () => this.#emit('status', () => this.status),
      rejected: (edit) => this.#emit('rejected', () => edit),
      failed: (error) => this.#emit('error', () => error),
      restarted: () => this.#emit('restart', () => undefined),
    }
  }

  #emit<K extends keyof DocEvents>(name: K, event: () => DocEvents[K]): void {
    // Replaying a long session into a document nobody watches costs nothing here.
    if (!this.#events.has(name)) return
    this.#outbox.push(() => this.#events.emit(name, event()))
    if (this.#emitting) return
    this.#emitting = true
    try {
      for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) next()
    } finally {
      this.#emitting = false
    }
  }
}
