/** A string inside a draft, edited in place. */

import { applyChanges, type Changes } from '../changes.js'
import { engine } from '../engine.js'
import { checkCount, checkText } from '../strings.js'
import { checkChanges } from '../text-changes.js'
import { changesOfOp, opOfChanges } from '../text-op.js'
import { editText } from './edits.js'
import type { TextNode } from './nodes.js'

/**
 * A string inside a draft: read it, edit it in place. Offsets and counts are UTF-16 code units.
 *
 * It follows its string when lists around it shift or it is moved. Once the string was removed or replaced,
 * edits throw `value-removed`. Cost of each edit: linear in the string.
 */
export class DraftText {
  readonly #node: TextNode

  /** @internal */
  constructor(node: TextNode) {
    this.#node = node
  }

  /** The length in UTF-16 code units. */
  get length(): number {
    return this.#node.text.length
  }

  /** The whole string. */
  toString(): string {
    return this.#node.text
  }

  /** Inserts `insert` at the offset `at`. */
  insert(at: number, insert: string): void {
    this.replace(at, 0, insert)
  }

  /** Deletes `count` code units from the offset `at` on. */
  delete(at: number, count: number): void {
    this.replace(at, count, '')
  }

  /**
   * Replaces `count` code units from the offset `at` on by `insert`.
   *
   * @example
   * doc.change((card, { text }) => text(card, 'title').replace(0, 3, 'New'))
   */
  replace(at: number, count: number, insert: string): void {
    checkCount('at', at)
    checkCount('count', count)
    checkText('insert', insert)
    this.change([{ from: at, to: at + count, insert }])
  }

  /** Applies several changes as one; all offsets are into the string as it is now. */
  change(changes: Changes): void {
    const before = this.#node.text
    const checked = checkChanges(changes, before)
    this.#node.path()
    if (checked.length > 0) editText(this.#node, applyChanges(before, checked), opOfChanges(checked, before))
  }

  /** Makes the string `value` with a small edit: what is equal stays, so that what others do meanwhile keeps its place. */
  set(value: string): void {
    checkText('value', value)
    const before = this.#node.text
    this.change(changesOfOp(engine().textDiff(before, value), before))
  }
}
