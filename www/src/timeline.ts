/**
 * What a pane's timeline shows, as data: edits confirmed by the server, then the ones waiting on this device.
 * It is fed only by the package's public events, so it says what a client can know and nothing more.
 * Offsets are UTF-16 code units of the text the pane shows now. No DOM, no clock.
 */

/** One replaced range, in offsets of the text before. */
export interface Change {
  readonly from: number
  readonly to: number
  readonly insert: string
}

/** How far an edit of this device has come. */
export type EditState = 'pending' | 'inflight' | 'committed'

/** A run of typing on this device, or an edit that came from elsewhere. */
export interface Token {
  readonly key: number
  readonly mine: boolean
  state: EditState
  /** On this device's storage. Always true for edits from elsewhere. */
  saved: boolean
  /** Where its text starts now (while it waits), or started when it was confirmed. */
  at: number
  /** Where it was before what came from elsewhere moved it. */
  was: number | null
  inserted: string
  deleted: string
  /** How many runs were folded into this one. */
  runs: number
  /** The client's count of edits at the last edit of this run. */
  lastEdit: number
  /** The revision after it, once confirmed. */
  revision: number | null
}

/** The counts of a document's status that the timeline follows. */
export interface Counts {
  readonly revision: number
  readonly inflight: boolean
  readonly edits: number
  readonly savedEdits: number
  readonly committedEdits: number
}

/** What one event did, for the journal and the animation. */
export interface Rebased {
  readonly arrived: Token
  readonly moved: readonly Token[]
}

const CONFIRMED_SHOWN = 24
const RUN_LENGTH = 40

export class Timeline {
  /** Confirmed by the server, oldest first; the newest few. */
  confirmed: Token[] = []
  /** Waiting on this device, in the order they were made. */
  queue: Token[] = []
  #nextKey = 1

  /** The person edited: `before` is the text that `change` is into, `edits` the client's count after it. */
  local(change: Change, before: string, edits: number): Token | null {
    const removed = before.slice(change.from, change.to)
    const host = this.#runFor(change)
    for (const token of this.queue) if (token !== host) shift(token, change)
    let token: Token | null = host
    if (host) extend(host, change, removed)
    else {
      token = this.#token({ at: change.from, inserted: change.insert, deleted: removed })
      this.queue.push(token)
    }
    if (token) {
      token.lastEdit = edits
      token.saved = false
    }
    this.queue = this.queue.filter((each) => each.inserted !== '' || each.deleted !== '' || each.state === 'inflight')
    return token && this.queue.includes(token) ? token : null
  }

  /** Edits from elsewhere arrived: they take their place before the queue, and the queue moves. */
  remote(changes: readonly Change[], before: string, revision: number, fold: boolean): Rebased | null {
    const first = changes[0]
    if (!first) return null
    const old = new Map(this.queue.map((token) => [token, token.at]))
    // Last first, so that every change is still in its own coordinates when it is mapped over.
    for (const change of [...changes].reverse()) for (const token of this.queue) shift(token, change)
    const moved = this.queue.filter((token) => token.at !== old.get(token))
    for (const token of moved) token.was ??= old.get(token) ?? null
    const inserted = changes.map((change) => change.insert).filter(Boolean).join(' … ')
    const deleted = changes.map((change) => before.slice(change.from, change.to)).filter(Boolean).join(' … ')
    const last = this.confirmed.at(-1)
    if (fold && last && !last.mine && changes.length === 1 && deleted === '' && first.from === last.at + last.inserted.length) {
      last.inserted += inserted
      last.revision = revision
      return { arrived: last, moved }
    }
    const arrived = this.#token({ at: first.from, inserted, deleted, mine: false, state: 'committed', saved: true, runs: changes.length, revision })
    this.#confirm(arrived)
    return { arrived, moved }
  }

  /** The client's counts changed. Gives the tokens that just became confirmed. */
  counts(now: Counts): Token[] {
    const done: Token[] = []
    for (const token of this.queue) {
      token.saved ||= token.lastEdit <= now.savedEdits
      if (token.lastEdit <= now.committedEdits) {
        token.state = 'committed'
        token.saved = true
        token.revision = now.revision
        done.push(token)
      }
    }
    this.queue = this.queue.filter((token) => token.state !== 'committed')
    for (const token of done) this.#confirm(token)
    return done
  }

  /** What waited, up to that count of edits, was frozen to be sent as one op. Gives its runs. */
  freeze(edits: number): Token[] {
    const frozen = this.queue.filter((token) => token.state === 'pending' && token.lastEdit <= edits)
    for (const token of frozen) token.state = 'inflight'
    return frozen
  }

  /** What was in flight came back to wait: the server never took it. */
  thaw(): void {
    for (const token of this.queue) token.state = 'pending'
  }

  /** The runs of the queue in that state. */
  in(state: EditState): Token[] {
    return this.queue.filter((token) => token.state === state)
  }

  /** For keeping the drawing over a reload. */
  export(): { confirmed: Token[]; queue: Token[] } {
    return { confirmed: this.confirmed, queue: this.queue }
  }

  /**
   * Takes back a drawing kept over a reload, checked against what the client restored: tokens that do not lie
   * where the text says are replaced by one that only says how much is waiting.
   */
  restore(kept: { confirmed: Token[]; queue: Token[] } | null, text: string, now: Counts): void {
    this.confirmed = kept?.confirmed ?? []
    const waits = now.edits - now.committedEdits
    // A run drawn as sent that is not in flight any more was confirmed meanwhile.
    const still = (kept?.queue ?? []).filter((token) => now.inflight || token.state === 'pending')
    const fits = still.length > 0 && still.every((t) => text.slice(t.at, t.at + t.inserted.length) === t.inserted)
    const sent = (token: Token) => token.state === 'inflight' && waits > 1
    if (waits === 0) this.queue = []
    else if (fits) this.queue = still.map((t) => ({ ...t, saved: true, lastEdit: sent(t) ? 1 : now.edits }))
    else this.queue = [this.#token({ saved: true, lastEdit: now.edits, state: now.inflight ? 'inflight' : 'pending' })]
    const keys = [...this.confirmed, ...this.queue].map((token) => token.key)
    this.#nextKey = Math.max(this.#nextKey, 1 + Math.max(0, ...keys))
  }

  /** The waiting run that an edit continues: the newest, or one it falls inside of. */
  #runFor(change: Change): Token | null {
    const touches = (token: Token) =>
      token.state === 'pending' && change.from <= token.at + token.inserted.length && change.to >= token.at && (token.inserted !== '' || token.deleted !== '')
    const inside = this.queue.find(
      (token) => touches(token) && change.from >= token.at && change.to <= token.at + token.inserted.length && change.from < token.at + token.inserted.length,
    )
    if (inside) return inside
    const newest = this.queue.at(-1)
    if (!newest || !touches(newest)) return null
    const full = /\S.*\n$/s.test(newest.inserted) || (newest.inserted.length >= RUN_LENGTH && /\s$/.test(newest.inserted))
    return full && change.insert !== '' ? null : newest
  }

  #confirm(token: Token): void {
    const last = this.confirmed.at(-1)
    if (token.mine && last?.mine && last.was === null && token.was === null && token.deleted === '' && last.deleted === '' && token.at === last.at + last.inserted.length && last.inserted.length < RUN_LENGTH && !last.inserted.endsWith('\n')) {
      last.inserted += token.inserted
      last.revision = token.revision
    } else this.confirmed.push(token)
    this.confirmed = this.confirmed.slice(-CONFIRMED_SHOWN)
  }

  #token(part: Partial<Token>): Token {
    return { key: this.#nextKey++, mine: true, state: 'pending', saved: false, at: 0, was: null, inserted: '', deleted: '', runs: 1, lastEdit: 0, revision: null, ...part }
  }
}

/** Moves a waiting run over a change made elsewhere in the text. At one place, what arrived comes first. */
function shift(token: Token, { from, to, insert }: Change): void {
  const end = token.at + token.inserted.length
  if (to <= token.at) token.at += insert.length - (to - from)
  else if (from < end) {
    const left = token.inserted.slice(0, Math.max(0, from - token.at))
    const right = token.inserted.slice(Math.max(0, to - token.at))
    if (from < token.at) token.at = from + insert.length
    token.inserted = left === '' ? right : left + insert + right
  }
}

/** Adds a touching edit of the same hand to its run. */
function extend(token: Token, { from, to, insert }: Change, removed: string): void {
  const end = token.at + token.inserted.length
  const leftOut = removed.slice(0, Math.max(0, token.at - from))
  const rightOut = removed.slice(removed.length - Math.max(0, to - end))
  token.deleted = leftOut + token.deleted + (to > end ? rightOut : '')
  token.inserted = token.inserted.slice(0, Math.max(0, from - token.at)) + insert + token.inserted.slice(Math.max(0, to - token.at))
  token.at = Math.min(token.at, from)
}
