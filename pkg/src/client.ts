/** The client: one connection, one storage, and the documents that are open over them. */

import { systemClock, type Clock, type Random } from './clock.js'
import { Connection, DEFAULT_TIMES, type ConnectionState } from './connection.js'
import { Doc, type CloseOptions } from './doc.js'
import { Emitter, type Unsubscribe } from './emitter.js'
import { engine, type Value } from './engine.js'
import { RejoinError } from './errors.js'
import { SchemaCheck, type InferOutput, type StandardSchemaV1 } from './json/schema.js'
import { settingsToWire, type DocSettings } from './json/settings.js'
import { toValue } from './json/value.js'
import { consoleLogger, type Logger } from './logger.js'
import { watchPage } from './page.js'
import { isDocMessage, type ServerMessage } from './protocol.js'
import { Session, type Origin, type SessionHost } from './session.js'
import { checkText } from './strings.js'
import { indexedDbStorage } from './storage/indexeddb.js'
import { memoryStorage } from './storage/memory.js'
import type { Storage } from './storage/port.js'
import { webSocketTransport, type Transport } from './transport.js'

/** Options of a {@link Client}. */
export interface ClientOptions {
  /** The server: `ws://…` or `wss://…`. Without it, documents live on this device only. */
  readonly url?: string
  /** Where documents are kept on this device. Default: IndexedDB where there is one, else memory. */
  readonly storage?: Storage
  /** Proof of who the user is, for servers that ask; a function is called at every connection attempt. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>)
  /** Whether to connect right away. Default: true. */
  readonly connect?: boolean
  /** How messages travel. Default: the global WebSocket. */
  readonly transport?: Transport
  /** Where log lines go. Default: warnings and errors to the console. */
  readonly logger?: Logger
  /** Time, for tests. */
  readonly clock?: Clock
  /** Chance, for tests: spreads retries. */
  readonly random?: Random
}

/** Options of {@link Client.open}. */
export interface OpenOptions {
  /** What the document starts with, should it exist neither here nor on the server. Default: `''`. */
  readonly create?: unknown
  /**
   * A Standard Schema validator (Zod, Valibot, ArkType, …): gives the document its type, and checks what each edit made
   * here would come to. One that it refuses throws `schema-violation`, and nothing changes. What others do is not
   * checked, nor what was there. The validator has to be synchronous, and only says yes or no: defaults and conversions
   * do not reach the document.
   */
  readonly schema?: StandardSchemaV1
  /**
   * What the document is created with besides its value, should it exist neither here nor on the server: who wins in
   * conflicts, what values it may have. One that exists has settings, and keeps them.
   */
  readonly settings?: DocSettings
  /**
   * The version of the application's schema that this page works on. A document with another one in its settings is not
   * served: an `error` event and {@link DocStatus.refusal} say `upgrade-needed`, and edits are kept until a page that
   * works on the document's version opens it. Default: the one in `settings`.
   */
  readonly schemaVersion?: number
}

/** Where a client stands with its server. */
export interface ClientStatus {
  /** `offline`, `connecting`, `greeting`, `online`, `waiting` (to try again), `refused` (for good). */
  readonly connection: ConnectionState
  /** Attempts that failed since the last connection that lasted. */
  readonly failures: number
  /** While waiting: milliseconds until the next attempt. */
  readonly retryIn: number | undefined
}

/** The events of a {@link Client}. */
export interface ClientEvents {
  /** {@link Client.status} changed. */
  status: ClientStatus
  /** Something is wrong with the connection. Documents go on, offline if need be. */
  error: RejoinError
  /** This device's storage failed for one document. Its edits stay in memory, and are tried again. */
  'storage-error': { readonly doc: string; readonly error: RejoinError }
}

const CLIENT_EVENTS = ['status', 'error', 'storage-error'] as const

interface Opened {
  readonly doc: Doc<unknown>
  readonly session: Session
  readonly unlock: () => void
}

/** A document that is open or being opened: one record for all who opened it. */
interface Slot {
  /** How often it was opened and not closed. */
  count: number
  readonly opening: Promise<Opened>
  opened: Opened | undefined
  closing: Promise<void> | undefined
}

/**
 * A client of one server, with one storage on this device.
 *
 * @example
 * const client = new Client({ url: 'ws://localhost:8080/sync' })
 * const doc = await client.open('notes/today')
 */
export class Client {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #events: Emitter<ClientEvents>
  readonly #connection: Connection | undefined
  readonly #host: SessionHost
  readonly #slots = new Map<string, Slot>()
  /** The open documents, from the moment they can take messages. */
  readonly #sessions = new Map<string, Session>()
  readonly #stopWatching: () => void
  #closed = false
  #closing: Promise<void> | undefined
  /** Why the server refused the connection, until another is tried. */
  #refusal: RejoinError | undefined

  /** @throws {@link RejoinError} `no-websocket` when there is a URL and no way to reach it; `invalid-argument`. */
  constructor(options: ClientOptions = {}) {
    const { storage = defaultStorage(), clock = systemClock, random = Math.random, logger = consoleLogger } = options
    this.#storage = storage
    this.#clock = clock
    this.#logger = logger
    this.#events = new Emitter(CLIENT_EVENTS, (thrown) => logger.error('a listener threw', thrown))
    if (options.url !== undefined) {
      checkUrl(options.url)
      this.#connection = new Connection(
        {
          url: options.url,
          transport: options.transport ?? webSocketTransport(),
          clock,
          random,
          logger,
          token: async () => (typeof options.token === 'function' ? options.token() : options.token),
          changed: (state) => this.#connectionChanged(state),
          received: (message) => this.#received(message),
          failed: (error) => this.#failed(error),
        },
        DEFAULT_TIMES,
      )
    }
    this.#host = this.#makeHost(random)
    this.#stopWatching = watchPage({ hidden: () => this.#flushAll(), woke: () => this.#connection?.probe() })
    if (options.connect !== false) this.#connection?.connect()
  }

  /** Where the client stands with its server. */
  get status(): ClientStatus {
    const connection = this.#connection
    const retryAt = connection?.retryAt
    return {
      connection: connection?.state ?? 'offline',
      failures: connection?.failures ?? 0,
      retryIn: retryAt === undefined ? undefined : Math.max(0, retryAt - this.#clock.now()),
    }
  }

  /** Whether what is saved here survives the end of this program. */
  get durable(): boolean {
    return this.#storage.durable
  }

  /** Listens for an event. Returns the way to stop listening. */
  on<K extends keyof ClientEvents>(event: K, listener: (event: ClientEvents[K]) => void): Unsubscribe {
    return this.#events.on(event, listener)
  }

  /** Wants the connection up: at once, if it was waiting to try again. It stays up by itself after that. */
  connect(): void {
    if (this.#closed) throw closedError()
    this.#connection?.connect()
  }

  /** Wants the connection down: editing goes on offline. */
  disconnect(): void {
    this.#connection?.disconnect()
  }

  /**
   * Opens a document: from this device's storage, at once, online or not; what happened elsewhere comes
   * in as `change` events. A document that is open already gives the same handle, to be closed as often
   * as it was opened; options count the first time only.
   *
   * @throws {@link RejoinError} `not-initialised`, `invalid-name`, `lone-surrogate`, `invalid-value`, `invalid-settings`,
   *   `closed`, or `storage-…`. A document whose stored copy cannot be read is left as it is; the others open.
   * @example
   * const board = await client.open('board', { schema: z.object({ cards: z.array(card) }), create: { cards: [] } })
   * board.value.cards[0] // typed
   */
  open<Schema extends StandardSchemaV1>(id: string, options: OpenOptions & { readonly schema: Schema }): Promise<Doc<InferOutput<Schema>>>
  open<T = Value>(id: string, options?: OpenOptions): Promise<Doc<T>>
  async open(id: string, options: OpenOptions = {}): Promise<Doc<unknown>> {
    if (this.#closed || this.#closing !== undefined) throw closedError()
    engine()
    checkText('id', id)
    const create = toValue(options.create === undefined ? '' : options.create)
    const { settings, schemaVersion } = settingsToWire(options.settings, options.schemaVersion)
    const origin = { create, settings, schemaVersion }
    const schema = options.schema && new SchemaCheck(options.schema)
    let slot = this.#slots.get(id)
    // One that is about to close is opened anew once it has.
    while (slot?.closing !== undefined) {
      await slot.closing.catch(() => {})
      slot = this.#slots.get(id)
    }
    if (slot === undefined) {
      slot = { count: 0, opening: this.#open(id, origin, schema), opened: undefined, closing: undefined }
      this.#slots.set(id, slot)
    }
    const mine = slot
    mine.count++
    try {
      mine.opened = await mine.opening
    } catch (thrown) {
      if (this.#slots.get(id) === mine) this.#slots.delete(id)
      throw thrown
    }
    return mine.opened.doc
  }

  /** The names of the documents stored on this device. */
  documents(): Promise<string[]> {
    return this.#storage.list()
  }

  /**
   * Removes a document's copy from this device, with every edit the server does not have. The server's
   * copy stays.
   *
   * @throws {@link RejoinError} `storage-in-use` while it is open here; `storage-…`.
   */
  async forget(id: string): Promise<void> {
    if (this.#slots.has(id)) throw new RejoinError('storage-in-use', `${id} is open: close it first`, { doc: id })
    const unlock = await this.#storage.lock?.(id)
    try {
      await this.#storage.remove(id)
    } finally {
      unlock?.()
    }
  }

  /**
   * Stores what is left, closes every document, the connection and the storage.
   *
   * @throws {@link RejoinError} `storage-…` when something cannot be stored: the client stays open then.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options).finally(() => (this.#closing = undefined))
    return this.#closing
  }

  async #close(options: CloseOptions): Promise<void> {
    if (this.#closed) return
    const slots = [...this.#slots.values()]
    await Promise.all(slots.map((slot) => slot.opening.catch(() => undefined)))
    await Promise.all(slots.map((slot) => this.#closeSlot(slot, options)))
    this.#closed = true
    this.#stopWatching()
    this.#connection?.disconnect()
    await this.#storage.close()
  }

  async #open(id: string, origin: Origin, schema: SchemaCheck | undefined): Promise<Opened> {
    const unlock = (await this.#storage.lock?.(id)) ?? (() => {})
    try {
      let doc: Doc<unknown> | undefined
      const session = await Session.open(id, origin, this.#host, (made) => {
        this.#sessions.set(id, made)
        doc = new Doc(made, this.#logger, (closing, options) => this.#release(closing, options), schema)
        return doc.sessionEvents
      })
      return { doc: doc as Doc<unknown>, session, unlock }
    } catch (thrown) {
      this.#sessions.delete(id)
      unlock()
      throw thrown
    }
  }

  async #release(doc: Doc<unknown>, options: CloseOptions): Promise<void> {
    const slot = this.#slots.get(doc.id)
    // Closed before; by now the document may be open under another handle.
    if (slot?.opened?.doc !== doc) return
    if (slot.count > 1) slot.count--
    else await this.#closeSlot(slot, options)
  }

  async #closeSlot(slot: Slot, options: CloseOptions): Promise<void> {
    const opened = slot.opened
    if (opened === undefined) return
    slot.closing ??= opened.session.close(options.discardUnsaved === true).then(() => {
      opened.unlock()
      this.#sessions.delete(opened.doc.id)
      this.#slots.delete(opened.doc.id)
    })
    try {
      await slot.closing
    } finally {
      slot.closing = undefined
    }
  }

  #makeHost(random: Random): SessionHost {
    const connection = this.#connection
    const unreachable = () => (connection === undefined ? noServer() : this.#refusal)
    return {
      storage: this.#storage,
      clock: this.#clock,
      random,
      logger: this.#logger,
      get online() {
        return connection?.state === 'online'
      },
      get unreachable() {
        return unreachable()
      },
      send: (message) => connection?.send(message),
      storageFailed: (doc, error) => {
        this.#logger.warn(`${doc} could not be stored; its edits stay in memory`, error)
        this.#events.emit('storage-error', { doc, error })
      },
    }
  }

  #connectionChanged(state: ConnectionState): void {
    if (state !== 'refused') this.#refusal = undefined
    for (const session of this.#sessions.values()) {
      if (state === 'online') session.connected()
      else session.disconnected()
    }
    this.#events.emit('status', this.status)
  }

  #received(message: ServerMessage): void {
    if (isDocMessage(message) || (message.type === 'error' && message.doc !== undefined)) {
      // None: it was closed, and this was on its way.
      this.#sessions.get(message.doc as string)?.receive(message)
    } else if (message.type === 'error') {
      this.#failed(new RejoinError(message.code, message.detail))
    } else {
      this.#logger.warn(`ignored a message of a type this version does not know: ${message.type}`)
    }
  }

  #failed(error: RejoinError): void {
    this.#logger.warn(error.message, error)
    if (this.#connection?.state === 'refused') {
      this.#refusal = error
      for (const session of this.#sessions.values()) session.unreachable(error)
    }
    this.#events.emit('error', error)
  }

  #flushAll(): void {
    for (const session of this.#sessions.values()) {
      try {
        session.flush()
      } catch (thrown) {
        this.#logger.warn(`${session.id} could not be flushed`, thrown)
      }
    }
  }
}

function defaultStorage(): Storage {
  return typeof indexedDB === 'undefined' ? memoryStorage() : indexedDbStorage()
}

/** A URL that no WebSocket takes would be tried for ever, and look like a server that is down. */
function checkUrl(url: unknown): void {
  checkText('url', url)
  let protocol: string | undefined
  try {
    protocol = new URL(url).protocol
  } catch {
    // Told below.
  }
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    throw new RejoinError('invalid-argument', `url is to be ws://… or wss://…, and is ${url}`, { argument: 'url', value: url })
  }
}

function closedError(): RejoinError {
  return new RejoinError('closed', 'the client is closed: make a new one')
}

function noServer(): RejoinError {
  return new RejoinError('no-server', 'this client has no url, so nothing is ever committed: await saved() instead, or give it one')
}
