import type { DocStatus } from 'rejoin'
import { Journal, type Line } from './journal'
import { announce } from './notices'
import { Timeline, type Change, type Token } from './timeline'
import { count, describe, excerpt } from './words'

/** Typing that goes on within this time is told as one line. */
const BURST_MILLISECONDS = 2000

/** What is kept of a pane's story over a reload. */
export interface Story {
  readonly confirmed: Token[]
  readonly queue: Token[]
  readonly lines: Line[]
}

/**
 * Tells what happens to one pane's document: turns the package's events into the timeline that is drawn and the
 * journal that is read. Knows nothing of clients or of how it is shown.
 */
export class Narrator {
  readonly #name: string
  readonly #journal: Journal
  #timeline = new Timeline()
  #link = 'offline'
  #inflight: number | null = null
  /** Since the connection is wanted and until everything is exchanged: what waited, what came. */
  #rejoin: { runs: number; received: number } | null = null
  #burst = { key: 0, at: -Infinity, first: 0, text: '' }
  /** Opened with edits still waiting from before: what step 3 of the guide asks for. */
  reopened = false

  /** `changed` is called when there is something new to keep. */
  constructor(name: string, lines: HTMLElement, changed: () => void) {
    this.#name = name
    this.#journal = new Journal(lines, changed)
  }

  get timeline(): Timeline {
    return this.#timeline
  }
  /** Runs of typing not confirmed yet. */
  get waiting(): number {
    return this.#timeline.queue.length
  }
  get story(): Story {
    return { ...this.#timeline.export(), lines: this.#journal.lines.slice(0, 30) }
  }

  /** The document was closed; another, or this one again, comes. */
  forget(): void {
    this.#timeline = new Timeline()
  }

  /** A document was opened from the device, with what was kept of its story. */
  opened(status: DocStatus, text: string, kept: Story | null, offline: boolean): void {
    this.#link = status.link
    this.#inflight = status.inflight ?? null
    this.#journal.restore(kept?.lines ?? [])
    this.#timeline.restore(kept, text, counts(status))
    this.reopened = this.waiting > 0
    const waiting = this.waiting > 0 ? `, with ${count(this.waiting, 'edit')} waiting` : ''
    if (waiting !== '' || status.revision > 0) this.#journal.write('device', `Opened from this device at r${status.revision}${waiting}.`)
    this.#rejoin = offline ? null : { runs: this.waiting, received: 0 }
  }

  /** The person flipped the switch. */
  switched(offline: boolean, revision: number): void {
    if (offline) {
      this.#rejoin = null
      this.#journal.write('link', 'Went offline. What you type now waits on this device.')
      announce(`${this.#name} is offline.`)
    } else {
      this.#rejoin = { runs: this.waiting, received: 0 }
      this.#journal.write('link', `Switched online at r${revision}.`)
    }
  }

  /** Something went wrong; `key` keeps one thing from being told line after line. */
  trouble(words: string, key = ''): void {
    this.#journal.write('trouble', words, key)
  }

  /** The person edited: `before` is the text that `change` is into. */
  typed(change: Change, before: string, status: DocStatus): void {
    const token = this.#timeline.local(change, before, status.edits)
    if (token && status.link !== 'live') this.#journal.write('local', `${sentence(token)} It waits on this device.`, `t${token.key}`)
  }

  /** Edits from elsewhere arrived. */
  arrived(changes: readonly Change[], before: string, status: DocStatus): void {
    const calmly = status.link === 'live' && this.#rejoin === null
    const done = this.#timeline.remote(changes, before, status.revision, calmly)
    if (!done) return
    if (this.#rejoin) this.#rejoin.received += changes.length
    const key = calmly ? `in${this.#burstKey(status.revision)}` : ''
    this.#journal.write('remote', `Arrived from elsewhere, up to r${status.revision}: ${describe(done.arrived, 48)}.`, key)
    if (done.moved.length === 0) return
    const moves = done.moved.map((token) => `${describe(token)} ${token.was} → ${token.at}`).join('; ')
    this.#journal.write('rebase', `Moved ${count(done.moved.length, 'waiting edit')} over it: ${moves}.`, key)
  }

  /** The document's status changed. Says whether the server was lost just now, which nobody asked for. */
  status(status: DocStatus, offline: boolean): boolean {
    const before = this.#link
    this.#link = status.link
    if (before !== status.link && status.link === 'live' && this.#rejoin) this.#journal.write('link', `Caught up with the server at r${status.revision}.`)
    const lost = before !== 'offline' && status.link === 'offline' && !offline
    if (lost) {
      this.#journal.write('trouble', 'Lost the server. What you type now waits on this device; the page keeps trying.')
      this.#rejoin = { runs: this.waiting, received: 0 }
    }
    const acked = this.#timeline.counts(counts(status))
    const seq = status.inflight ?? null
    if (seq !== this.#inflight) {
      if (seq === null && acked.length === 0) this.#timeline.thaw()
      if (seq !== null) this.#frozen(seq, status)
      this.#inflight = seq
    }
    if (acked.length > 0) this.#confirmed(acked, status)
    if (status.link === 'live') this.#settled()
    return lost
  }

  #frozen(seq: number, status: DocStatus): void {
    const frozen = this.#timeline.freeze(status.edits)
    if (this.#rejoin && frozen.length > 0) this.#journal.write('sent', `Sent ${count(frozen.length, 'waiting edit')} as one op, #${seq}, based on r${status.revision}.`)
  }

  #confirmed(acked: readonly Token[], status: DocStatus): void {
    const words = acked.map((token) => describe(token)).join(', ')
    if (this.#rejoin) return this.#journal.write('acked', `Confirmed as r${status.revision}, stored on the server: ${words}.`)
    const key = this.#burstKey(status.revision)
    this.#burst.text += acked.map((token) => token.inserted || `−${token.deleted}`).join('')
    const range = this.#burst.first === status.revision ? `r${status.revision}` : `r${this.#burst.first} to r${status.revision}`
    this.#journal.write('acked', `Confirmed as you type, ${range}: “${excerpt(this.#burst.text, 48)}”.`, `out${key}`)
  }

  /** Nothing waits and the link is up: a rejoin is over. */
  #settled(): void {
    const rejoin = this.#rejoin
    if (!rejoin || this.waiting > 0) return
    this.#rejoin = null
    this.reopened = false
    const sent = rejoin.runs > 0 ? `${count(rejoin.runs, 'edit')} sent` : 'nothing was waiting'
    announce(`${this.#name} rejoined, ${sent}${rejoin.received > 0 ? `, ${rejoin.received} received` : ''}.`)
  }

  /** Typing without a longer pause shares one journal line. */
  #burstKey(revision: number): number {
    const now = performance.now()
    if (now - this.#burst.at > BURST_MILLISECONDS) this.#burst = { key: this.#burst.key + 1, at: now, first: revision, text: '' }
    this.#burst.at = now
    return this.#burst.key
  }
}

function counts(status: DocStatus) {
  return { ...status, inflight: status.inflight !== undefined }
}

function sentence(token: Token): string {
  const what = describe(token, 32)
  return token.inserted ? `Typed ${what} at ${token.at}.` : `${what[0]?.toUpperCase()}${what.slice(1)} at ${token.at}.`
}
