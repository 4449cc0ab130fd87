/** The handle on an open document. */

import type { Changes } from './changes.js'
import { Emitter, type Unsubscribe } from './emitter.js'
import type { DocLink, RejectedEdit, Value } from './engine.js'
import type { RejoinError } from './errors.js'
import type { Conflict } from './json/conflict.js'
import { Content } from './json/content.js'
import type { ChangeTools, Draft } from './json/draft.js'
import type { JsonOp } from './json/op.js'
import type { Patch } from './json/patches.js'
import type { At, PathLike } from './json/path.js'
import type { SchemaCheck } from './json/schema.js'
import type { TextPlace } from './json/text-place.js'
import type { Logger } from './logger.js'
import type { Session, SessionEvents } from './session.js'
import { Text, type EditOptions } from './text.js'

/** The document changed. */
export interface ChangeEvent {
  /** What changed, to be applied one after the other: see {@link Patch}. */
  readonly patches: readonly Patch[]
  /**
   * For a document that is a text: what changed, in UTF-16 offsets into the text before. Of a string inside a
   * document, the handle tells: {@link Text.on}.
   */
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
  /** While `link` is `refused`, why: `upgrade-needed`, for one. Edits are kept. */
  readonly refusal: RejoinError | undefined
  /** Why the last write to this device's storage failed, until one succeeds. Edits stay in memory until then. */
  readonly storageError: RejoinError | undefined
}

/** The events of a {@link Doc}. */
export interface DocEvents {
  /** The document changed. One event for one edit call; what arrives together is one event. */
  change: ChangeEvent
  /** Two edits could not both have their way. It comes after the `change` event of what it came to. */
  conflict: Conflict
  /** Something in {@link Doc.status} changed. Local edits show here once they are handed to storage. */
  status: DocStatus
  /** The server refused an edit. It is out of the document, and kept in {@link Doc.rejected}. */
  rejected: RejectedEdit
  /** Something is wrong with this document. Edits are kept. */
  error: RejoinError
  /** The engine crashed and was restored from storage: read the document anew. */
  restart: undefined
}

const DOC_EVENTS = ['change', 'conflict', 'status', 'rejected', 'error', 'restart'] as const

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
 * An open document: a JSON value that is edited together. A plain text document is one string. Got from
 * `client.open()`; `T` is the type of its value.
 *
 * Every edit shows at once, in {@link value} and in a `change` event, and is one step for others, all or nothing. An
 * edit that throws has changed nothing. Places are given by lists of keys or by JSON Pointers: {@link PathLike}.
 *
 * Edits throw {@link RejoinError}: `invalid-path`, `path-not-found`, `path-occupied`, `wrong-type`, `invalid-value`,
 * `lone-surrogate` for what does not fit; `schema-violation`; `nested-change` inside a change function; `closed`,
 * `engine-trapped`.
 *
 * Opening a document twice gives the same handle; it closes when it was closed as often as opened.
 */
export class Doc<T = Value> {
  /** The document's name. */
  readonly id: string
  /** The edits that the server refused. */
  readonly rejected: Rejected
  readonly #session: Session
  readonly #events: Emitter<DocEvents>
  readonly #content: Content
  /** The handles on strings, by place: the same handle for the same string. */
  readonly #texts = new WeakMap<TextPlace, Text>()
  readonly #release: (doc: Doc<unknown>, options: CloseOptions) => Promise<void>
  /** Events on their way: a listener that edits must not make others hear of its edit before this event. */
  readonly #outbox: (() => void)[] = []
  #emitting = false
  #held = 0

  /** @internal */
  constructor(
    session: Session,
    logger: Logger,
    release: (doc: Doc<unknown>, options: CloseOptions) => Promise<void>,
    schema?: SchemaCheck,
  ) {
    this.id = session.id
    this.#session = session
    this.#release = release
    const onThrow = (thrown: unknown) => logger.error(`a listener of ${this.id} threw`, thrown)
    this.#events = new Emitter(DOC_EVENTS, onThrow)
    const heard = () => this.#events.has('change')
    this.#content = new Content(
      session,
      {
        get heard() {
          return heard()
        },
        tell: (events) => this.#tell(events),
        changed: (event) => this.#events.emit('change', event),
        onThrow,
      },
      schema,
    )
    this.rejected = {
      list: () => session.inbox(),
      discard: (id) => session.discard(id),
      export: () => JSON.stringify({ doc: this.id, rejected: session.inbox() }, null, 2),
    }
  }

  /**
   * The document's value, frozen. It is the same object until the document changes; then what did not change in it is
   * the same, and only what changed and the containers around it are new. For a text document, the text.
   *
   * Cost: linear when first asked for, then constant; each change costs the containers on its path.
   *
   * @example
   * const board = useSyncExternalStore(doc.subscribe, () => doc.value) // React
   */
  get value(): T {
    return this.#content.value as T
  }

  /**
   * Calls `notify` whenever {@link value} may be another one. Bound, to be handed to stores of other libraries.
   *
   * @returns the way to end it.
   * @example
   * const stop = doc.subscribe(() => render(doc.value))
   */
  readonly subscribe = (notify: () => void): Unsubscribe => this.#content.subscribe(notify)

  /**
   * Changes the document as if it were a plain object: what `run` does to the draft is recorded, each write as the
   * small op that it is, and made as one edit. If `run` throws, nothing happens.
   *
   * What the draft has is read and written as in plain JavaScript, array methods included: an item taken from a list is
   * the same item after others were shifted, sorted or filtered. What is special:
   * - Assigning a value records only where it differs from what was there: `d.list = d.list.filter(…)` removes items,
   *   and leaves alone what others do to the rest. A string that differs is replaced: use `text` to edit it.
   * - Assigning a part of the document elsewhere copies it, as assigning any object does: use `move` to move it.
   * - `sort` and `reverse` move items, as few as can be. `n += 1` replaces a number: use `increment` to count.
   * - Writing to something that was removed or replaced throws `value-removed`: in plain JavaScript it would be lost.
   * - `undefined` is no JSON: assigning it to a key deletes the key. Lists have no holes.
   *
   * Cost: what is touched, and for a list or object that is written to, its length.
   *
   * @throws {@link RejoinError} also `async-change` for an asynchronous function, `draft-ended` for a draft that is used
   *   after its change.
   * @example
   * doc.change((board, { move, increment, text }) => {
   *   board.cards[0].title = 'New'
   *   board.cards.sort((a, b) => b.votes - a.votes)
   *   increment(board.cards[0], 'votes')
   *   text(board.cards[0], 'notes').insert(0, 'Urgent: ')
   *   move(board.cards, 3, board.done, 0)
   * })
   */
  change(run: (draft: Draft<T>, tools: ChangeTools) => unknown, options?: EditOptions): void {
    this.#content.change(run, options?.source)
  }

  /**
   * Makes the value at a place `value`, which may be new there. The edit is small: what is equal stays, and strings that
   * differ are edited as texts, so that what others do meanwhile to the rest keeps its place.
   *
   * Cost: linear in both values, more where they differ much.
   * @example
   * doc.set(['cards', 0, 'title'], 'Plan')
   */
  set<const P extends PathLike>(path: P, value: At<T, P>, options?: EditOptions): void {
    this.#content.set(path, value, options?.source)
  }

  /**
   * Inserts a value: into a list before that index (`-` in a JSON Pointer is its end), or under a key that is free.
   *
   * @throws {@link RejoinError} `path-occupied` where there is a value already.
   * @example
   * doc.insert('/cards/-', { title: 'Plan', votes: 0 })
   */
  insert<const P extends PathLike>(path: P, value: At<T, P>, options?: EditOptions): void {
    this.#content.insert(path, value, options?.source)
  }

  /**
   * Removes the value at a place; of a list, `count` items from there on.
   *
   * @example
   * doc.remove(['cards', 2])
   */
  remove(path: PathLike, count = 1, options?: EditOptions): void {
    this.#content.remove(path, count, options?.source)
  }

  /**
   * Moves a value; what others do to it meanwhile goes with it.
   *
   * `to` is where it is afterwards: every index in it counts items as they are when the value has left its old place. So
   * within a list, `to` is the index it ends up at.
   *
   * @throws {@link RejoinError} `path-occupied` when another value has that key.
   * @example
   * doc.move(['todo', 0], ['done', 2])
   * doc.move(['todo', 0], ['todo', 1]) // changes places with the second
   */
  move(from: PathLike, to: PathLike, options?: EditOptions): void {
    this.#content.move(from, to, options?.source)
  }

  /**
   * Adds to a counter, so that what others add counts too. Safe integers only: count cents, not prices.
   *
   * @throws {@link RejoinError} `wrong-type` when there is no number, `unsafe-integer` for fractions and for what grows
   *   too large.
   * @example
   * doc.increment(['cards', 0, 'votes'])
   */
  increment(path: PathLike, by = 1, options?: EditOptions): void {
    this.#content.increment(path, by, options?.source)
  }

  /**
   * The handle on the string at a place, to be read and edited; without a path, on the text that the document is. It is
   * the same each time, and follows its string: see {@link Text}.
   *
   * @throws {@link RejoinError} `wrong-type` when there is no string.
   * @example
   * bindTextarea(doc.text(['cards', 0, 'notes']), element)
   */
  text(path: PathLike = []): Text {
    const place = this.#content.textAt(path)
    let text = this.#texts.get(place)
    if (text === undefined) this.#texts.set(place, (text = new Text(this as Doc<unknown>, place)))
    return text
  }

  /**
   * Makes an edit that is an op already: one made by other tools, or of {@link rejected}. `null` changes nothing.
   *
   * @throws {@link RejoinError} also `malformed-op` when it is no op, or does not fit the document.
   * @example
   * doc.submitOp(['cards', 0, 'votes', { ena: 1 }])
   */
  submitOp(op: JsonOp, options?: EditOptions): void {
    this.#content.submitOp(op, options?.source)
  }

  /** Where the document stands. */
  get status(): DocStatus {
    const { link, revision, inflight, pending, edits, savedEdits, committedEdits, rejected } = this.#session.status
    const { health, refusal, storageError } = this.#session
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
      refusal,
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
    if (event === 'change') this.#content.watch()
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
      hold: () => void this.#held++,
      release: () => {
        this.#held--
        this.#tell([])
      },
      changed: (what, origin, source) => this.#content.happened(what, origin, source),
      conflict: (conflict) => this.#emit('conflict', () => conflict),
      status: () => this.#emit('status', () => this.status),
      rejected: (edit) => this.#emit('rejected', () => edit),
      failed: (error) => this.#emit('error', () => error),
      restarted: () => {
        this.#content.restarted()
        this.#emit('restart', () => undefined)
      },
    }
  }

  #emit<K extends keyof DocEvents>(name: K, event: () => DocEvents[K]): void {
    // Replaying a long session into a document nobody watches costs nothing here.
    if (this.#events.has(name)) this.#tell([() => this.#events.emit(name, event())])
  }

  #tell(events: readonly (() => void)[]): void {
    this.#outbox.push(...events)
    if (this.#emitting || this.#held > 0) return
    this.#emitting = true
    try {
      for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) next()
    } finally {
      this.#emitting = false
    }
  }
}
