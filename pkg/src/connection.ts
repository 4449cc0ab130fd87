/**
 * The one connection of a client: kept up for as long as it is wanted.
 *
 * ```text
 *            connect()                 link opened: send hello
 *   offline ───────────▶ connecting ───────────────────────────▶ greeting
 *      ▲                  ▲     │ closed, or 10 s passed            │ welcome
 *      │ disconnect()     │     ▼                                   ▼
 *      │ (from any)     waiting ◀────────────────────────────── online ⟲ ping when quiet
 *      │                  backoff     closed, or no word after ping
 *      └── refused ◀── the server speaks another protocol version: waiting would not help
 * ```
 *
 * It knows nothing of documents: it says when it is up, hands on what arrives, and sends what it is given.
 */

import { Backoff } from './backoff.js'
import type { Clock, Random, Timer } from './clock.js'
import { asRejoinError, RejoinError } from './errors.js'
import type { Logger } from './logger.js'
import { PROTOCOL_VERSION, readMessage, type ClientMessage, type ServerMessage } from './protocol.js'
import { utf8Length } from './strings.js'
import type { Link, Transport } from './transport.js'

/** Where a connection stands. */
export type ConnectionState = 'offline' | 'connecting' | 'greeting' | 'online' | 'waiting' | 'refused'

/** What the world outside looks like to a connection; all its effects go through here. */
export interface ConnectionHost {
  readonly url: string
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The proof to send with hello; asked for at every attempt, so it may be renewed. */
  token(): Promise<string | undefined>
  /** The state changed. */
  changed(state: ConnectionState): void
  /** A message other than welcome and pong arrived. Only while online. */
  received(message: ServerMessage): void
  /** Something the user of the client should know. The connection goes on by itself unless it is refused. */
  failed(error: RejoinError): void
}

/** Times in milliseconds. */
export interface ConnectionTimes {
  /** From the start of an attempt to welcome. */
  readonly greet: number
  /** Silence after which a ping is sent. */
  readonly quiet: number
  /** From ping to any message at all. */
  readonly answer: number
  /** How long a connection must have lasted for the backoff to start over. */
  readonly stable: number
  /** The backoff's bounds. */
  readonly first: number
  readonly most: number
}

/** Proxies commonly cut a connection that was quiet for 30 or 60 s, so `quiet` is less than that. */
export const DEFAULT_TIMES: ConnectionTimes = {
  greet: 10_000,
  quiet: 20_000,
  answer: 10_000,
  stable: 5_000,
  first: 500,
  most: 30_000,
}

/** Keeps one connection up. See the drawing at the head of this file. */
export class Connection {
  readonly #host: ConnectionHost
  readonly #times: ConnectionTimes
  readonly #backoff: Backoff
  #state: ConnectionState = 'offline'
  /** The current attempt; what comes from an earlier one is ignored. */
  #attempt = 0
  #link: Link | undefined
  /** The one timer: greet, ping, answer or backoff, as the state has it. */
  #timer: Timer | undefined
  #heard = 0
  /** Whether nothing was heard since the last ping. */
  #asked = false
  #onlineSince = 0
  /** The largest message this server reads, in bytes. */
  #mostBytes = Infinity
  #retryAt: number | undefined

  constructor(host: ConnectionHost, times: ConnectionTimes = DEFAULT_TIMES) {
    this.#host = host
    this.#times = times
    this.#backoff = new Backoff(times, host.random)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Attempts that failed since the last connection that lasted. */
  get failures(): number {
    return this.#backoff.attempt
  }

  /** While waiting: when the next attempt starts, in the clock's milliseconds. */
  get retryAt(): number | undefined {
    return this.#retryAt
  }

  /** Wants the connection up. Called while waiting, it tries at once. */
  connect(): void {
    if (this.#state === 'offline' || this.#state === 'refused' || this.#state === 'waiting') this.#start()
  }

  /** Wants it down. */
  disconnect(): void {
    this.#drop()
    this.#backoff.reset()
    this.#enter('offline')
  }

  /**
   * Sends a message, if online; else nothing happens, and the sender hears of the next `online`.
   *
   * @returns `too-large` for a message that the server does not read. It is not sent: the server would
   *   close the connection over it, and do so again each time it were sent again.
   */
  send(message: ClientMessage): RejoinError | undefined {
    if (this.#state !== 'online') return undefined
    const data = JSON.stringify(message)
    const limit = this.#mostBytes
    // Each UTF-16 code unit takes three bytes at most: what is short need not be counted.
    if (data.length * 3 > limit) {
      const size = utf8Length(data)
      if (size > limit) {
        return new RejoinError('too-large', `the message's size in bytes is too large: ${size} of at most ${limit}`, { size, limit })
      }
    }
    this.#link?.send(data)
    return undefined
  }

  /** Someone suspects that the connection is dead (the device woke, the network changed): asks. */
  probe(): void {
    if (this.#state === 'waiting') this.#start()
    else if (this.#state === 'online') this.#ping()
  }

  #start(): void {
    this.#drop()
    const attempt = this.#attempt
    const current = () => attempt === this.#attempt
    this.#enter('connecting')
    this.#after(this.#times.greet, () => this.#lost('no welcome in time'))
    this.#link = this.#host.transport.connect(this.#host.url, {
      opened: () => {
        if (current()) this.#greet(current)
      },
      received: (data) => {
        if (current()) this.#received(data)
      },
      closed: (reason) => {
        if (current()) this.#lost(reason)
      },
    })
  }

  #greet(current: () => boolean): void {
    this.#enter('greeting')
    this.#host.token().then(
      (token) => {
        if (!current()) return
        const hello: ClientMessage = { type: 'hello', protocol: PROTOCOL_VERSION, ...(token === undefined ? {} : { token }) }
        this.#link?.send(JSON.stringify(hello))
      },
      (thrown: unknown) => {
        if (!current()) return
        this.#host.failed(asRejoinError(thrown, 'unauthorized', 'no token could be had'))
        this.#lost('no token')
      },
    )
  }

  #received(data: string): void {
    this.#heard = this.#host.clock.now()
    this.#asked = false
    let message: ServerMessage
    try {
      message = readMessage(data)
    } catch (thrown) {
      // A document that misses something because of this finds out by its revisions and asks again.
      return this.#host.failed(asRejoinError(thrown, 'malformed-message', 'a message from the server could not be read'))
    }
    if (this.#state === 'greeting') this.#greeted(message)
    else if (this.#state === 'online' && message.type !== 'pong' && message.type !== 'welcome') {
      this.#host.received(message)
    }
  }

  #greeted(message: ServerMessage): void {
    if (message.type === 'welcome') {
      if (message.protocol !== PROTOCOL_VERSION) return this.#refuse(versionError(message.protocol))
      this.#onlineSince = this.#host.clock.now()
      this.#mostBytes = message.maxMessageBytes ?? Infinity
      this.#enter('online')
      this.#watch()
    } else if (message.type === 'error') {
      const error = new RejoinError(message.code, message.detail)
      if (message.code === 'protocol-version') return this.#refuse(error)
      this.#host.failed(error)
      this.#lost(message.code)
    } else {
      this.#host.logger.warn(`ignored a ${message.type} before welcome`)
    }
  }

  /** Sends a ping once nothing was heard for a while. */
  #watch(): void {
    const quietFor = this.#host.clock.now() - this.#heard
    this.#after(Math.max(0, this.#times.quiet - quietFor), () => {
      if (this.#host.clock.now() - this.#heard >= this.#times.quiet) this.#ping()
      else this.#watch()
    })
  }

  #ping(): void {
    this.#asked = true
    this.#link?.send('{"type":"ping"}')
    // A timer that fires late, as after sleep, may run before the answer that is already there: it
    // gives that answer one more turn.
    this.#after(this.#times.answer, () =>
      this.#after(0, () => {
        if (this.#asked) this.#lost('no answer to a ping')
        else this.#watch()
      }),
    )
  }

  #refuse(error: RejoinError): void {
    this.#drop()
    this.#enter('refused')
    this.#host.failed(error)
  }

  #lost(reason: string): void {
    const now = this.#host.clock.now()
    if (this.#state === 'online' && now - this.#onlineSince >= this.#times.stable) this.#backoff.reset()
    this.#drop()
    const wait = this.#backoff.next()
    this.#host.logger.debug(`connection lost (${reason}); next attempt in ${wait} ms`)
    this.#retryAt = now + wait
    this.#after(wait, () => this.#start())
    this.#enter('waiting')
  }

  /** Ends the attempt: its link, its timer, and its right to be heard. */
  #drop(): void {
    this.#attempt++
    this.#retryAt = undefined
    this.#stopTimer()
    this.#link?.close()
    this.#link = undefined
  }

  #after(ms: number, run: () => void): void {
    this.#stopTimer()
    this.#timer = this.#host.clock.setTimeout(() => {
      this.#timer = undefined
      run()
    }, ms)
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#host.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #enter(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#host.changed(state)
  }
}

function versionError(theirs: number): RejoinError {
  return new RejoinError(
    'protocol-version',
    `the server speaks protocol ${theirs}, this client ${PROTOCOL_VERSION}: update the older one`,
    { theirs, ours: PROTOCOL_VERSION },
  )
}
