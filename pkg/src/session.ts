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
import { Waiters, type WaitKind } from './waiters.js'
import { Writer, type WriterHost } from './writer.js'

/** How long edits are gathered before they are stored, in milliseconds: typing makes few writes. */
const FLUSH_AFTER = 15

/** A document that has waited this long for the server asks again. */
const RESYNC_AFTER = 10_000

/** Crashes of the engine after which a document stays down. */
const MOST_CRASHES = 3

/** Refusals that asking again will not change; the rest are the server's passing troubles. */
const LASTING: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'unknown-document', 'invalid-name', 'protocol-version'])

/** What a session needs of its client. */
export interface SessionHost extends WriterHost {
  readonly logger: Logger
  /** Whether the connection is up. */
  readonly online: boolean
  send(message: ClientMessage): void
  storageFailed(doc: string, error: RejoinError): void
}

/** What a session reports, after everything has been carried out. */
export interface SessionEvents {
  /** Nothing is to be told to the page until {@link release}: what the engine asks is carried out. */
  hold(): void
  release(): void
  /** `source` is what a local edit named as its author. */
  changed(what: readonly Happened[], origin: 'local' | 'remote', source?: unknown): void
  conflicts(conflicts: readonly Conflict[]): void
  status(): void
  rejected(edit: RejectedEdit): void
  failed(error: RejoinError): void
  /** The engine crashed and runs again; the text should be read anew. */
  restarted(): void
}

/** Whether the engine runs: it may have crashed and be restored from storage, or have crashed too often. */
export type Health = 'running' | 'restarting' | 'crashed' | 'closed'

/** One open document. */
export class Session {
  readonly id: string
  readonly #host: SessionHost
  readonly #events: SessionEvents
  readonly #writer: Writer
  readonly #waiters = new Waiters()
  readonly #resyncBackoff: Backoff
  #replica: Replica | undefined
  #health: Health = 'running'
  #crashes = 0
  /** Edits that the engine has and the writer has not: they are lost with the engine, so made again. */
  #unflushed: ((replica: Replica) => void)[] = []
  /** Edits made before the engine was restored, which does not count them. */
  #earlierEdits = 0
  #lastStatus: EngineStatus
  #flushTimer: Timer | undefined
  #resyncTimer: Timer | undefined
  #pumping = false
  #text: string | undefined

  /** Opens a document from storage, or makes it. */
  static async open(id: string, create: Value, host: SessionHost, events: (session: Session) => SessionEvents): Promise<Session> {
    // Before anything is read, so that a missing init() is reported as that.
    const { Replica } = engine()
    const stored = await host.storage.load(id)
    let replica: Replica
    try {
      replica = stored === undefined ? new Replica(id, randomClientId(), create) : Replica.restore(stored)
    } catch (thrown) {
      throw fromEngine(thrown)
    }
    const session = new Session(id, replica, host, events)
    // Stores a document that was made, so that its client id is its own from the first edit on.
    session.flush()
    if (host.online) session.connected()
    return session
  }

  private constructor(id: string, replica: Replica, host: SessionHost, events: (session: Session) => SessionEvents) {
    this.id = id
    this.#host = host
    this.#replica = replica
    this.#events = events(this)
    this.#lastStatus = replica.status()
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
    return this.#health
  }

  /** Why the last write to storage failed, until one succeeds. */
  get storageError(): RejoinError | undefined {
    return this.#writer.error
  }

  /** The engine's account; while it is down, the last one. */
  get status(): EngineStatus {
    if (this.#replica === undefined) return { ...this.#lastStatus, link: 'offline' }
    const status = this.#use((replica) => replica.status())
    const earlier = this.#earlierEdits
    if (earlier === 0) return status
    return {
      ...status,
      edits: status.edits + earlier,
      savedEdits: status.savedEdits + earlier,
      committedEdits: status.committedEdits + earlier,
    }
  }

  value(): Value | undefined {
    return this.#use((replica) => replica.value())
  }

  get length(): number {
    return this.#use((replica) => replica.length)
  }

  text(): string {
    return (this.#text ??= this.#use((replica) => replica.text()))
  }

  inbox(): RejectedEdit[] {
    return this.#use((replica) => replica.inbox())
  }

  /** Applies changes to a string, back to front; they have been checked, and none is empty. */
  editText(path: Path, changes: Changes, source: unknown): void {
    for (let i = changes.length - 1; i >= 0; i--) {
      const { from, to, insert } = changes[i] as Change
      // The root has a call of its own, which carries no path.
      if (path.length === 0) this.#edit((replica) => replica.edit(from, to - from, insert))
      else this.#edit((replica) => replica.editText(path, from, to - from, insert))
    }
    this.#edited([path.length === 0 ? { changes } : { steps: [{ op: 'text', path, changes }] }], source)
  }

  /** Applies ops in turn, as one edit: all of them or none. */
  editOps(ops: readonly JsonOp[], source: unknown): void {
    this.#edited([{ steps: this.#edit((replica) => replica.editOps(ops)) }], source)
  }

  previewOps(ops: readonly JsonOp[]): readonly Step[] {
    return this.#use((replica) => replica.previewOps(ops))
  }

  /** Makes an edit that is to be made again should the engine crash before it is stored. */
  #edit<T>(edit: (replica: Replica) => T): T {
    const result = this.#use(edit)
    this.#unflushed.push(edit)
    return result
  }

  #edited(what: readonly Happened[], source: unknown): void {
    this.#text = undefined
    this.#flushTimer ??= this.#host.clock.setTimeout(() => this.#flushQuietly(), FLUSH_AFTER)
    this.#events.changed(what, 'local', source)
  }

  discard(id: number): void {
    this.#use((replica) => replica.discard(id))
    this.flush()
  }

  /** Hands everything to the writer, and freezes what can be sent. */
  flush(): void {
    this.#stopFlushTimer()
    this.#use((replica) => replica.flush())
    this.#pump()
  }

  /** All edits made by now are stored, are decided, or nothing is left to exchange. */
  async when(kind: WaitKind, signal?: AbortSignal): Promise<void> {
    this.flush()
    await this.#waiters.add(kind, this.status, signal)
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
      if (this.#health === 'running') this.flush()
      await this.#writer.drain()
    }
    if (this.#health === 'closed') return
    this.#host.send({ type: 'close', doc: this.id })
    this.#health = 'closed'
    this.#stopFlushTimer()
    this.#stopResyncTimer()
    this.#writer.stop()
    const closed = closedError(this.id)
    this.#waiters.fail(closed, ['saved', 'committed', 'synced'])
    const replica = this.#replica
    this.#replica = undefined
    try {
      replica?.free()
    } catch (thrown) {
      this.#host.logger.debug(`${this.id} was not freed`, thrown)
    }
    this.#events.status()
  }

  /** The engine, for a call that came from the page: what it throws is thrown on. */
  #use<T>(call: (replica: Replica) => T): T {
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

  /** The engine, for a call that came from elsewhere: nobody is there to catch. */
  #quietly(call: (replica: Replica) => void): void {
    if (this.#replica === undefined) return
    try {
      this.#use(call)
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
      for (let effects = this.#takeEffects(); effects.length > 0; effects = this.#takeEffects()) {
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

  #takeEffects(): Effect[] {
    const effects = this.#use((replica) => replica.takeEffects())
    if (effects.some(({ type }) => type === 'persist')) this.#unflushed = []
    return effects
  }

  #carryOut(effect: Effect, reports: (() => void)[]): void {
    switch (effect.type) {
      case 'patch':
      case 'steps':
        return
      case 'persist':
        return this.#writer.push(effect)
      case 'send':
        return this.#host.send(effect.message)
      case 'cloned':
        this.#host.logger.warn(`${this.id}: this storage was copied from another; going on under a fresh client id`)
        return this.#use((replica) => {
          replica.setClient(randomClientId())
          replica.flush()
        })
      case 'conflicts':
        reports.push(() => this.#events.conflicts(effect.conflicts))
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
          const error = new RejoinError(effect.code, effect.detail, { doc: this.id })
          if (LASTING.has(effect.code)) this.#waiters.fail(error, ['committed', 'synced'])
          this.#events.failed(error)
        })
        return
      case 'fault':
        reports.push(() => this.#events.failed(fromEngine(effect.error)))
        return
    }
  }

  /** Tells the page and those who wait, if there is anything to tell. */
  #report(): void {
    if (this.#replica === undefined) return
    const before = this.#lastStatus
    const status = (this.#lastStatus = this.status)
    this.#waiters.check(status)
    this.#watchForSilence(status)
    if (!sameStatus(before, status)) this.#events.status()
  }

  /** Asks again when the server owes an answer for too long; with backoff where it refused. */
  #watchForSilence(status: EngineStatus): void {
    const waits = this.#replica?.needsResync === true
    if (!waits) {
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

  /** After a trap the engine's copy of this document cannot be trusted; what is stored can. */
  #crashed(error: RejoinError): void {
    this.#replica = undefined
    this.#text = undefined
    this.#stopFlushTimer()
    this.#stopResyncTimer()
    this.#crashes++
    if (this.#crashes > MOST_CRASHES) {
      this.#health = 'crashed'
      this.#waiters.fail(error, ['saved', 'committed', 'synced'])
    } else {
      this.#health = 'restarting'
      void this.#restart()
    }
    this.#host.logger.error(`${this.id}: the engine crashed`, error)
    this.#events.failed(error)
    this.#events.status()
  }

  async #restart(): Promise<void> {
    try {
      // Whatever had left the engine is stored first; then what had not is made again.
      await this.#writer.emptied()
      if (this.#health !== 'restarting') return
      const stored = await this.#host.storage.load(this.id)
      if (this.#health !== 'restarting') return
      if (stored === undefined) throw new RejoinError('storage-corrupt', `${this.id} is no longer stored`, { doc: this.id })
      const replica = engine().Replica.restore(stored)
      for (const edit of this.#unflushed) edit(replica)
      this.#replica = replica
    } catch (thrown) {
      this.#health = 'crashed'
      const error = fromEngine(thrown)
      this.#waiters.fail(error, ['saved', 'committed', 'synced'])
      this.#events.failed(error)
      this.#events.status()
      return
    }
    this.#health = 'running'
    const made = Math.max(this.#lastStatus.edits, this.#earlierEdits) + this.#unflushed.length
    this.#earlierEdits = 0
    this.#earlierEdits = Math.max(0, made - this.status.edits)
    this.#waiters.raise(this.status.edits)
    if (this.#host.online) this.#quietly((replica) => replica.connected())
    this.#flushQuietly()
    this.#events.restarted()
    this.#events.status()
  }

  #downError(): RejoinError {
    if (this.#health === 'closed') return closedError(this.id)
    const hope = this.#health === 'restarting' ? 'it is being restored from storage, try again' : 'it crashed too often; reload the page'
    return new RejoinError('engine-trapped', `the engine of ${this.id} is down: ${hope}`, { doc: this.id, health: this.#health })
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

function closedError(doc: string): RejoinError {
  return new RejoinError('closed', `${doc} is closed`, { doc })
}

function sameStatus(a: EngineStatus, b: EngineStatus): boolean {
  const keys = Object.keys(a) as (keyof EngineStatus)[]
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
