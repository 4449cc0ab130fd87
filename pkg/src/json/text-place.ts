/** Where a text handle's string is: the root, or a place inside that is followed. */

import { applyChanges, composeChanges, minimalChange, type Change, type Changes } from '../changes.js'
import { Emitter, type Unsubscribe } from '../emitter.js'
import { RejoinError } from '../errors.js'
import type { Path } from './path.js'
import { Follower, samePath, type Step } from './steps.js'
import type { Value } from './value.js'

/** A string changed. */
export interface TextChangeEvent {
  /** What changed, in UTF-16 offsets into the string before. */
  readonly changes: Changes
  /** Who did it: this page through the document's handle, or somebody else. */
  readonly origin: 'local' | 'remote'
  /** What the local edit named as its source. */
  readonly source: unknown
}

/** The events of a text handle. */
export interface TextEvents {
  /** The string changed. */
  change: TextChangeEvent
  /** The string is gone: removed, or replaced by something that is no string. The handle stays without it. */
  removed: undefined
}

/** What a text handle needs of the document it is in. */
export interface TextHost {
  /** The string at a path; `undefined` when there is none. */
  text(path: Path): string | undefined
  /** Its length in UTF-16 code units. */
  textLength(path: Path): number | undefined
  editText(path: Path, changes: readonly Change[], source: unknown): void
  /** Somebody listens, or nobody any more: the place is kept while somebody does. */
  watched(place: TextPlace, any: boolean): void
}

/** The place of a string inside a document. */
export class TextPlace {
  readonly #host: TextHost
  readonly #events: Emitter<TextEvents>
  #listeners = 0
  #path: Path | undefined

  constructor(path: Path, host: TextHost, onThrow: (thrown: unknown) => void) {
    this.#path = path
    this.#host = host
    this.#events = new Emitter(['change', 'removed'], onThrow)
  }

  /** Where it is; `undefined` once it is gone. */
  get path(): Path | undefined {
    return this.#path
  }

  /** @throws {@link RejoinError} `value-removed`. */
  get length(): number {
    return this.#found(this.#path && this.#host.textLength(this.#path))
  }

  /** @throws {@link RejoinError} `value-removed`. */
  read(): string {
    return this.#found(this.#path && this.#host.text(this.#path))
  }

  #found<V>(found: V | undefined): V {
    if (found === undefined) throw goneError()
    return found
  }

  edit(changes: readonly Change[], source: unknown): void {
    if (this.#path === undefined) throw goneError()
    this.#host.editText(this.#path, changes, source)
  }

  on<K extends keyof TextEvents>(event: K, listener: (event: TextEvents[K]) => void): Unsubscribe {
    const stop = this.#events.on(event, listener)
    let listens = true
    if (this.#listeners++ === 0) this.#host.watched(this, true)
    return () => {
      stop()
      if (listens && --this.#listeners === 0) this.#host.watched(this, false)
      listens = false
    }
  }

  /** Tells of an edit of the string, which stays where it is. */
  tell(event: TextChangeEvent): void {
    this.#events.emit('change', event)
  }

  /** Follows the string, which was `text`, through `steps`. Gives the event to be told, if there is one. */
  follow(text: Value | undefined, steps: readonly Step[], by: Omit<TextChangeEvent, 'changes'>): (() => void) | undefined {
    if (this.#path === undefined) return undefined
    const follower = new Follower(this.#path)
    let now = text
    let changes: Changes = []
    for (const step of steps) {
      if ((step.op === 'text' || step.op === 'replace') && typeof now === 'string' && samePath(step.path, follower.path)) {
        const made = step.op === 'text' ? step.changes : replaced(now, step.value)
        changes = made === undefined ? [] : composeChanges(changes, made)
        now = made === undefined ? undefined : applyChanges(now, made)
      }
      follower.follow(step)
    }
    this.#path = typeof now === 'string' ? follower.path : undefined
    if (this.#path === undefined) return () => this.#events.emit('removed', undefined)
    return changes.length === 0 ? undefined : () => this.tell({ ...by, changes })
  }
}

/** The change of a string that is replaced by another one. */
function replaced(text: string, value: Value): Changes | undefined {
  if (typeof value !== 'string') return undefined
  const change = minimalChange(text, value)
  return change === undefined ? [] : [change]
}

function goneError(): RejoinError {
  return new RejoinError('value-removed', 'this text is no longer in the document: it was removed, or replaced')
}
