/** The handle on a string of a document. */

import type { Change, Changes } from './changes.js'
import type { Doc } from './doc.js'
import type { Unsubscribe } from './emitter.js'
import { RejoinError } from './errors.js'
import { engine } from './engine.js'
import type { Path } from './json/path.js'
import type { TextEvents, TextPlace } from './json/text-place.js'
import { checkCount, checkText } from './strings.js'
import { changesOfOp } from './text-op.js'

/** Options of the edits of a {@link Text}. */
export interface EditOptions {
  /**
   * Who edits, by a value of your own: it comes back as `source` of the `change` event. An editor binding
   * passes itself, to tell its own edits from those it has to show. It is not stored and not sent.
   */
  readonly source?: unknown
}

/**
 * A string of a document: read it, edit it. Offsets and counts are UTF-16 code units, as everywhere in
 * JavaScript. Got from {@link Doc.text}.
 *
 * It follows its string when others insert before it in a list, or move it or what it is in. Once the string is
 * removed, or something else is put in its place that is no string, the handle throws `value-removed`.
 *
 * Edits show at once, here and in a `change` event; they are stored on this device some milliseconds
 * later and sent after that. An edit that throws has changed nothing.
 *
 * Edits throw {@link RejoinError} `invalid-offset`, `offset-out-of-bounds`, `offset-inside-pair`,
 * `lone-surrogate`, `value-removed`, `schema-violation`, `nested-change`, `closed`, or `engine-trapped`.
 */
export class Text {
  /** The document this is in. */
  readonly doc: Doc<unknown>
  readonly #place: TextPlace

  /** @internal */
  constructor(doc: Doc<unknown>, place: TextPlace) {
    this.doc = doc
    this.#place = place
  }

  /** Where the string is now; `[]` is the root, and `undefined` means that it is gone. */
  get path(): Path | undefined {
    return this.#place.path
  }

  /** The length in UTF-16 code units. Cost: constant. */
  get length(): number {
    return this.#place.length
  }

  /** The whole text. Cost: linear after a change, constant until the next. */
  toString(): string {
    return this.#place.read()
  }

  /**
   * Listens for an event of this string alone: `change`, or `removed`.
   *
   * @returns the way to stop listening.
   * @example
   * const notes = doc.text('/cards/0/notes')
   * notes.on('change', ({ changes, source }) => {
   *   if (source !== editor) editor.dispatch({ changes })
   * })
   */
  on<K extends keyof TextEvents>(event: K, listener: (event: TextEvents[K]) => void): Unsubscribe {
    return this.#place.on(event, listener)
  }

  /** Inserts `insert` at the offset `at`. Cost: O(log n) and the length of `insert`. */
  insert(at: number, insert: string, options?: EditOptions): void {
    this.replace(at, 0, insert, options)
  }

  /** Deletes `count` code units from the offset `at` on. Cost: O(log n). */
  delete(at: number, count: number, options?: EditOptions): void {
    this.replace(at, count, '', options)
  }

  /**
   * Replaces `count` code units from the offset `at` on by `insert`.
   *
   * Cost: O(log n) and the length of `insert`.
   * @example
   * text.replace(0, 5, 'Hello')
   */
  replace(at: number, count: number, insert: string, options?: EditOptions): void {
    checkCount('at', at)
    checkCount('count', count)
    checkText('insert', insert)
    this.#edit([{ from: at, to: at + count, insert }], options)
  }

  /**
   * Applies several changes as one: all offsets are into the text as it is now, and there is one
   * `change` event. What an editor's change set gives can be passed as it is.
   *
   * Cost: that of each change; from two changes on, also reading the text.
   * @throws {@link RejoinError} also `invalid-argument` when they overlap or are not ascending.
   * @example
   * text.change([{ from: 0, to: 5, insert: 'Hi' }, { from: 11, to: 11, insert: '!' }]) // 'Hello world' → 'Hi world!'
   */
  change(changes: Changes, options?: EditOptions): void {
    this.#edit(this.#checked(changes), options)
  }

  /**
   * Makes the text `value` with a small edit: what is equal stays, so that concurrent edits of others
   * keep their places. For editors that only give a new value.
   *
   * Cost: linear in the texts, more where they differ much.
   */
  set(value: string, options?: EditOptions): void {
    checkText('value', value)
    const before = this.toString()
    if (value === before) return
    this.change(changesOfOp(engine().textDiff(before, value), before), options)
  }

  /** What changes nothing is still checked, but is no edit. */
  #edit(changes: readonly Change[], options: EditOptions | undefined): void {
    const edits = changes.filter(({ from, to, insert }) => from < to || insert !== '')
    if (edits.length > 0) this.#place.edit(edits, options?.source)
    else this.#checkBoundaries(changes)
  }

  /** Checks everything before anything is changed, so that several changes are all made or none. */
  #checked(changes: Changes): Change[] {
    if (!Array.isArray(changes)) {
      throw new RejoinError('invalid-argument', 'changes is to be an array of {from, to, insert}', { argument: 'changes' })
    }
    let at = 0
    const checked: Change[] = []
    for (const change of changes as readonly unknown[]) {
      if (typeof change !== 'object' || change === null) {
        throw new RejoinError('invalid-argument', 'each of changes is to be {from, to, insert}', { argument: 'changes' })
      }
      const { from, to, insert } = change as Partial<Change>
      checkCount('from', from)
      checkCount('to', to)
      checkText('insert', insert)
      if (from < at || to < from) {
        throw new RejoinError('invalid-argument', 'changes are to be ascending and must not overlap', { from, to, after: at })
      }
      at = to
      checked.push({ from, to, insert })
    }
    if (checked.length > 1) this.#checkBoundaries(checked)
    return checked
  }

  #checkBoundaries(changes: readonly Change[]): void {
    const text = this.toString()
    for (const offset of changes.flatMap(({ from, to }) => [from, to])) {
      if (offset > text.length) {
        throw new RejoinError(
          'offset-out-of-bounds',
          `offset ${offset} is past the end: the text has ${text.length} UTF-16 code units`,
          { offset, length: text.length },
        )
      }
      // In a text without lone surrogates, a low one here means the high one is before.
      const unit = text.charCodeAt(offset)
      if (unit >= 0xdc00 && unit <= 0xdfff) {
        throw new RejoinError('offset-inside-pair', `offset ${offset} is inside a surrogate pair; move it by one`, { offset })
      }
    }
  }
}
