/**
 * One open document: its engine, and the carrying out of what the engine asks.
 *
 * ```text
 *            edit            flush timer            stored             ack
 *   page ───────────▶ engine ───────────▶ writer ───────────▶ engine ───────▶ engine
 *                       │ patch: change event   connection ◀── send (I4)
 *                       ▼
 *                      page
 * ```
 */

import { Backoff } from './backoff.js'
import type { Change, Changes } from './changes.js'
import type { Timer } from './clock.js'
import { engine, type Effect, type EngineStatus, type RejectedEdit, type Replica, type Value } from './engine.js'
import { fromEngine, RejoinError } from './errors.js'
import { randomClientId } from './ids.js'
import type { Conflict } from './json/conflict.js'
import type { Happened } from './json/content.js'
import type { JsonOp } from './json/op.js'
import type { Path } from './json/path.js'
import type { Step } from './json/steps.js'
import type { Logger } from './logger.js'
import type { ClientMessage, ServerMessage } from './protocol.js'
import { closedError, restore, Supervised, type Health } from './supervised.js'
import { Waiters, type WaitKind } from './waiters.js'
import { Writer, type WriterHost } from './writer.js'

/** How long edits are gathered before they are stored, in milliseconds: typing makes few writes. */
const FLUSH_AFTER = 15

/** A document that has waited this long for the server asks again. */
const RESYNC_AFTER = 10_000

/** Refusals that asking again will not change; the rest are the server's passing troubles. */
const LASTING: ReadonlySet<string> = new Set([
  'unauthorized',
  'forbidden',
  'unknown-document',
  'invalid-name',
  'too-large',
  'protocol-version',
  'invalid-settings',
  'upgrade-needed',
])

/** How a document is made, and what the page takes it for. */
export interface Origin {
  readonly create: Value
  /** In their wire form. */
  readonly settings: Value
  readonly schemaVersion: number | undefined
}

/** What a session needs of its client. */
export interface SessionHost extends WriterHost {
  readonly logger: Logger
  /** Whether the connection is up. */
  readonly online: boolean
  /** Why nothing will reach the server as things stand; `undefined` while waiting may help. */
  readonly unreachable: RejoinError | undefined
  /** Gives the reason when the server would not read the message; it is not sent then. */
  send(message: ClientMessage): RejoinError | undefined
  storageFailed(doc: string, error: RejoinError): void
}

/** What a session reports, after everything has been carried out. */
export interface SessionEvents {
  /** Nothing is to be told to the page until {@link release}: what the engine asks is carried out. */
  hold(): void
  release(): void
  /** `source` is what a local edit named as its author. */
  changed(what: readonly Happened[], origin: 'local' | 'remote', source?: unknown): void
  conflict(conflict: Conflict): void
  status(): void
  rejected(edit: RejectedEdit): void
  failed(error: RejoinError): void
  /** The engine crashed and runs again; the text should be read anew. */
  restarted(): void
}

/** One open document. */
export class Session {
  readonly id: string
  readonly #host: SessionHost
  readonly #events: SessionEvents
  readonly #writer: Writer
  readonly #waiters = new Waiters()
  readonly #resyncBackoff: Backoff
  readonly #engine: Supervised
  #reported: EngineStatus
  #flushTimer: Timer | undefined
  #resyncTimer: Timer | undefined
  #pumping = false
  #refusal: RejoinError | undefined
  #text: string | undefined

  /** Opens a document from storage, or makes it. */
  static async open(id: string, origin: Origin, host: SessionHost, events: (session: Session) => SessionEvents): Promise<Session> {
    // Before anything is read, so that a missing init() is reported as that.
    const { Replica } = engine()
    const stored = await host.storage.load(id)
    let replica: Replica
    try {
      const { create, settings, schemaVersion } = origin
      replica = stored === undefined ? new Replica(id, randomClientId(), create, settings) : restore(id, stored, schemaVersion)
    } catch (thrown) {
      throw fromEngine(thrown)
    }
    const session = new Session(id, replica, origin.schemaVersion, host, events)
    // Stores a document that was made, so that its client id is its own from the first edit on.
    session.flush()
    if (host.online) session.connected()
    return session
  }

  private constructor(
    id: string,
    replica: Replica,
    schemaVersion: number | undefined,
    host: SessionHost,
    events: (session: Session) => SessionEvents,
  ) {
    this.id = id
    this.#host = host
    this.#events = events(this)
    this.#engine = new Supervised(id, replica, schemaVersion, {
      stored: () => this.#writer.emptied().then(() => host.storage.load(id)),
      down: (error) => this.#down(error),
      restored: () => this.#restored(),
    })
    this.#reported = this.#engine.status
    this.#resyncBackoff = new Backoff({ first: 1000, most: 60_000 }, host.random)
    this.#writer = new Writer(id, host, {
      persisted: (batch) => this.#quietly((live) => live.persisted(batch)),
      failed: (error) => {
        host.storageFailed(id, error)
        this.#waiters.fail(error, ['saved'])
        this.#events.status()
      },
    })
  }

  get health(): Health {
    return this.#engine.health
  }

  /** Why the last write to storage failed, until one succeeds. */
  get storageError(): RejoinError | undefined {
    return this.#writer.error
  }

  /** Why the server does not serve the document. */
  get refusal(): RejoinError | undefined {
    return this.status.link === 'refused' ? this.#refusal : undefined
  }

  /** The engine's account; while it is down, the last one. */
  get status(): EngineStatus {
    return this.#engine.status
  }

  value(): Value | undefined {
    return this.#engine.use((replica) => replica.value())
  }

  get length(): number {
    return this.#engine.use((replica) => replica.length)
  }

  text(): string {
    return (this.#text ??= this.#engine.use((replica) => replica.text()))
  }

  inbox(): RejectedEdit[] {
    return this.#engine.use((replica) => replica.inbox())
  }

  /** Applies changes to a string, back to front; they have been checked, and none is empty. */
  editText(path: Path, changes: Changes, source: unknown): void {
    this.#engine.edit(changes.length, (replica) => {
      for (let i = changes.length - 1; i >= 0; i--) {
        const { from, to, insert } = changes[i] as Change
        // The root has a call of its own, which carries no path.
        if (path.length === 0) replica.edit(from, to - from, insert)
        else replica.editText(path, from, to - from, insert)
      }
    })
    this.#edited([path.length === 0 ? { changes } : { steps: [{ op: 'text', path, changes }] }], source)
  }

  /** Applies ops in turn, as one edit: all of them or none. */
  editOps(ops: readonly JsonOp[], source: unknown): void {
    const steps = this.#engine.edit(1, (replica) => replica.editOps(ops))
    this.#edited([{ steps }], source)
  }

  previewOps(ops: readonly JsonOp[]): readonly Step[] {
    return this.#engine.use((replica) => replica.previewOps(ops))
  }

  #edited(what: readonly Happened[], source: unknown): void {
    this.#text = undefined
    this.#flushTimer ??= this.#host.clock.setTimeout(() => this.#flushQuietly(), FLUSH_AFTER)
    this.#events.changed(what, 'local', source)
  }

  discard(id: number): void {
    this.#engine.use((replica) => replica.discard(id))
    this.flush()
  }

  /** Hands everything to the writer, and freezes what can be sent. */
  flush(): void {
    this.#stopFlushTimer()
    this.#engine.use((replica) => replica.flush())
    this.#pump()
  }

  /** All edits made by now are stored, are decided, or nothing is left to exchange. */
  async when(kind: WaitKind, signal?: AbortSignal): Promise<void> {
    this.flush()
    const { unreachable } = this.#host
    if (kind !== 'saved' && unreachable !== undefined) throw unreachable
    await this.#waiters.add(kind, this.status, signal)
  }

  /** The server will not be reached: those who wait for it need not. */
  unreachable(error: RejoinError): void {
    this.#waiters.fail(error, ['committed', 'synced'])
  }

  connected(): void {
    this.#quietly((replica) => replica.connected())
  }

  disconnected(): void {
    this.#quietly((replica) => replica.disconnected())
  }

  receive(message: ServerMessage): void {
    // What waits is waited for anew from here.
    this.#stopResyncTimer()
    this.#quietly((replica) => {
      replica.receive(message)
      replica.flush()
    })
  }

  /** Stores what is left, then ends. Rejects, and stays open, when it cannot be stored. */
  async close(discardUnsaved: boolean): Promise<void> {
    if (!discardUnsaved) {
      if (this.health === 'running') this.flush()
      await this.#writer.drain()
    }
    if (this.health === 'closed') return
    this.#host.send({ type: 'close', doc: this.id })
    this.#stopFlushTimer()
    this.#stopResyncTimer()
    this.#writer.stop()
    this.#waiters.fail(closedError(this.id), ['saved', 'committed', 'synced'])
    try {
      this.#engine.close()
    } catch (thrown) {
      this.#host.logger.debug(`${this.id} was not freed`, thrown)
    }
    this.#events.status()
  }

  /** The engine, for a call that came from elsewhere: nobody is there to catch. */
  #quietly(call: (replica: Replica) => void): void {
    if (!this.#engine.running) return
    try {
      this.#engine.use(call)
      this.#pump()
    } catch (thrown) {
      const error = fromEngine(thrown)
      // A crash has been reported.
      if (error.code !== 'engine-trapped') this.#events.failed(error)
    }
  }

  #flushQuietly(): void {
    this.#flushTimer = undefined
    this.#quietly((replica) => replica.flush())
  }

  /** Carries out effects until there are none, then reports. */
  #pump(): void {
    // The loop that runs already will find them.
    if (this.#pumping) return
    this.#pumping = true
    this.#events.hold()
    const reports: (() => void)[] = []
    try {
      for (let effects = this.#engine.takeEffects(); effects.length > 0; effects = this.#engine.takeEffects()) {
        // Before anything else: whoever edits in between edits what is there now.
        this.#happened(effects.filter((effect) => effect.type === 'patch' || effect.type === 'steps'))
        for (const effect of effects) this.#carryOut(effect, reports)
      }
    } finally {
      this.#pumping = false
      this.#events.release()
    }
    for (const report of reports) report()
    this.#report()
  }

  #happened(what: readonly Happened[]): void {
    if (what.length === 0) return
    this.#text = undefined
    this.#events.changed(what, 'remote')
  }

  #carryOut(effect: Effect, reports: (() => void)[]): void {
    switch (effect.type) {
      case 'patch':
      case 'steps':
        return
      case 'persist':
        return this.#writer.push(effect)
      case 'send':
        return this.#send(effect.message)
      case 'cloned':
        this.#host.logger.warn(`${this.id}: this storage was copied from another; going on under a fresh client id`)
        return this.#engine.use((replica) => {
          replica.setClient(randomClientId())
          replica.flush()
        })
      case 'conflict':
        reports.push(() => this.#events.conflict(effect.conflict))
        return
      case 'rejected':
        reports.push(() => {
          const { edit } = effect
          // The oldest undecided edit is refused, and every waiting promise includes it.
          this.#waiters.fail(new RejoinError(edit.code, edit.detail, { doc: this.id, rejected: edit.id }), ['committed', 'synced'])
          this.#events.rejected(edit)
        })
        return
      case 'refused':
        reports.push(() => {
          const error = (this.#refusal = new RejoinError(effect.code, effect.detail, { doc: this.id }))
          if (LASTING.has(effect.code)) this.#waiters.fail(error, ['committed', 'synced'])
          this.#events.failed(error)
        })
        return
      case 'fault':
        reports.push(() => this.#events.failed(fromEngine(effect.error)))
        return
    }
  }

  /**
   * Sends a message. One that the server would not read is answered here as the server answers one that
   * it can just read: an edit goes to the inbox, and what was edited after it goes on.
   */
  #send(message: ClientMessage): void {
    const refusal = this.#host.send(message)
    if (refusal === undefined) return
    const answer = { doc: this.id, code: refusal.code, detail: refusal.message }
    this.#engine.use((replica) => {
      replica.receive(message.type === 'submit' ? { ...answer, type: 'rejected', seq: message.seq } : { ...answer, type: 'error' })
      replica.flush()
    })
  }

  /** Tells the page and those who wait, if there is anything to tell. */
  #report(): void {
    if (!this.#engine.running) return
    const before = this.#reported
    const status = (this.#reported = this.status)
    this.#waiters.check(status)
    this.#watchForSilence(status)
    if (!sameStatus(before, status)) this.#events.status()
  }

  /** Asks again when the server owes an answer for too long; with backoff where it refused. */
  #watchForSilence(status: EngineStatus): void {
    if (!this.#engine.use((replica) => replica.needsResync)) {
      this.#stopResyncTimer()
      if (status.link === 'live') this.#resyncBackoff.reset()
      return
    }
    if (this.#resyncTimer !== undefined) return
    const wait = status.link === 'refused' ? 1000 + this.#resyncBackoff.next() : RESYNC_AFTER
    this.#resyncTimer = this.#host.clock.setTimeout(() => {
      this.#resyncTimer = undefined
      this.#host.logger.debug(`${this.id}: asking the server again`)
      this.#quietly((replica) => replica.resync())
    }, wait)
  }

  #down(error: RejoinError): void {
    this.#text = undefined
    this.#stopFlushTimer()
    this.#stopResyncTimer()
    if (this.health === 'crashed') this.#waiters.fail(error, ['saved', 'committed', 'synced'])
    this.#host.logger.error(`${this.id}: the engine is ${this.health}`, error)
    this.#events.failed(error)
    this.#events.status()
  }

  #restored(): void {
    this.#waiters.raise(this.status.edits)
    // The restored engine counts its opens from 1 again, and the server would take them for old copies of
    // the crashed one's.
    this.#host.send({ type: 'close', doc: this.id })
    if (this.#host.online) this.#quietly((replica) => replica.connected())
    this.#flushQuietly()
    this.#events.restarted()
    this.#events.status()
  }

  #stopFlushTimer(): void {
    if (this.#flushTimer !== undefined) this.#host.clock.clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
  }

  #stopResyncTimer(): void {
    if (this.#resyncTimer !== undefined) this.#host.clock.clearTimeout(this.#resyncTimer)
    this.#resyncTimer = undefined
  }
}

function sameStatus(a: EngineStatus, b: EngineStatus): boolean {
  const keys = Object.keys(a) as (keyof EngineStatus)[]
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
