/**
 * Changes: edits of a text as lists of replaced ranges, in UTF-16 offsets.
 *
 * This is how the package speaks to editors. A list is ascending and disjoint, and all its offsets are
 * into the text *before* the list is applied, so it can be handed to CodeMirror's `changes` as it is.
 */

/** One replaced range: the text `[from, to)` becomes `insert`. Offsets in UTF-16 code units. */
export interface Change {
  readonly from: number
  readonly to: number
  readonly insert: string
}

/** Ascending, disjoint {@link Change}s, all into the text before any of them. */
export type Changes = readonly Change[]

/**
 * Which side of an insert a position stays on: `'before'` it or `'after'` it. A caret usually stays
 * before what others insert at its place; the start of a highlighted range goes after.
 */
export type Bias = 'before' | 'after'

/**
 * The text after `changes`.
 *
 * Cost: linear in the text. Law: `applyChanges(applyChanges(t, a), b) === applyChanges(t, composeChanges(a, b))`.
 */
export function applyChanges(text: string, changes: Changes): string {
  let out = ''
  let at = 0
  for (const { from, to, insert } of changes) {
    out += text.slice(at, from) + insert
    at = to
  }
  return out + text.slice(at)
}

/**
 * Where `offset` (UTF-16, into the text before) lies after `changes`. An offset inside a replaced range
 * moves to the end of what replaced it; one inside a deleted range, to where the range was.
 *
 * Cost: linear in the number of changes.
 *
 * @example
 * mapOffset([{ from: 0, to: 0, insert: 'ab' }], 5) // 7
 */
export function mapOffset(changes: Changes, offset: number, bias: Bias = 'before'): number {
  let shift = 0
  for (const { from, to, insert } of changes) {
    if (offset < from || (offset === from && bias === 'before')) break
    if (offset <= to) return from + shift + insert.length
    shift += insert.length - (to - from)
  }
  return offset + shift
}

/**
 * The change from `before` to `after` as one replaced range, as small as it can be without splitting a
 * surrogate pair; `undefined` when they are equal.
 *
 * Where the same characters repeat there are several such ranges: typing an `a` into `aaa` could be
 * anywhere. `caret`, the caret's offset in `after`, decides: what was typed ends there.
 *
 * Cost: linear in the texts.
 */
export function minimalChange(before: string, after: string, caret = after.length): Change | undefined {
  if (before === after) return undefined
  const shorter = Math.min(before.length, after.length)
  let end = sameEnd(before, after, Math.min(shorter, after.length - caret))
  const start = sameStart(before, after, shorter - end)
  // A range that stops at the caret may still share characters beyond it, where the caret was not the
  // place of the edit.
  if (end === after.length - caret) end = sameEnd(before, after, shorter - start)
  const from = start > 0 && isHigh(before.charCodeAt(start - 1)) ? start - 1 : start
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end--
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) }
}

/** Compared as pieces of this length first: the runtime compares memory, faster than a loop over code units. */
const PIECE = 1024

/** The length of what two texts begin with in common, at most `limit`. */
function sameStart(a: string, b: string, limit: number): number {
  let length = 0
  while (length + PIECE <= limit && a.slice(length, length + PIECE) === b.slice(length, length + PIECE)) length += PIECE
  while (length < limit && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}

/** The length of what two texts end with in common, at most `limit`. */
function sameEnd(a: string, b: string, limit: number): number {
  const piece = (text: string, length: number) => text.slice(text.length - length - PIECE, text.length - length)
  let length = 0
  while (length + PIECE <= limit && piece(a, length) === piece(b, length)) length += PIECE
  while (length < limit && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length)) length++
  return length
}

/** One list that does what `first` and then `second` (into the text after `first`) do. Cost: linear. */
export function composeChanges(first: Changes, second: Changes): Changes {
  if (first.length === 0) return second
  if (second.length === 0) return first
  const out = new ChangesBuilder()
  const a = new Pieces(first)
  for (const { kept, removed, insert } of stretches(second)) {
    a.take(kept, (keptOfText, inserted) => {
      out.keep(keptOfText)
      out.insert(inserted)
    }, out)
    out.insert(insert)
    a.take(removed, (keptOfText) => out.remove(keptOfText), out)
  }
  a.rest(out)
  return out.finish()
}

/**
 * `changes`, made on some text, as they are to be applied to that text after `over`. What `over` deleted
 * stays deleted, and what it inserted survives. Where both insert at one place, `bias` says whether these
 * go `'after'` what `over` inserted or `'before'` it.
 *
 * For carrying a held-back local edit over what came meanwhile. Cost: linear in the product of the two
 * list lengths (a held edit is one change). Law: `a` then `rebaseChanges(b, a, 'after')` gives the same
 * text as `b` then `rebaseChanges(a, b, 'before')`.
 */
export function rebaseChanges(changes: Changes, over: Changes, bias: Bias = 'after'): Changes {
  const out = new ChangesBuilder()
  let at = 0
  const keepTo = (offset: number) => {
    out.keep(offset - at)
    at = Math.max(at, offset)
  }
  for (const change of changes) {
    keepTo(mapOffset(over, change.from, bias))
    out.insert(change.insert)
    for (const [from, to] of surviving(change, over)) {
      keepTo(mapOffset(over, from, 'after'))
      out.remove(to - from)
      at += to - from
    }
  }
  return out.finish()
}

/** The parts of a change's range that `over` did not delete, split where it inserted. */
function surviving(change: Change, over: Changes): [number, number][] {
  const parts: [number, number][] = []
  let start = change.from
  for (const { from, to } of over) {
    if (to < start || (to === start && from !== to)) continue
    if (from >= change.to) break
    if (from > start) parts.push([start, from])
    start = Math.max(start, to)
  }
  if (start < change.to) parts.push([start, change.to])
  return parts
}

/** Each change with the text kept before it. */
function* stretches(changes: Changes): Generator<{ kept: number; removed: number; insert: string }> {
  let at = 0
  for (const { from, to, insert } of changes) {
    yield { kept: from - at, removed: to - from, insert }
    at = to
  }
}

/** A cursor over the text that a list of changes produces, told apart by where each part comes from. */
class Pieces {
  readonly #changes: Changes
  #next = 0
  /** Offset into the text before. */
  #at = 0
  /** What is left of the insert of the change before `#next`. */
  #insert = ''

  constructor(changes: Changes) {
    this.#changes = changes
  }

  /** Hands out the next `length` units of the text after; removals met on the way go to `out`. */
  take(length: number, emit: (keptOfText: number, inserted: string) => void, out: ChangesBuilder): void {
    while (length > 0) {
      if (this.#insert !== '') {
        const part = this.#insert.slice(0, length)
        this.#insert = this.#insert.slice(part.length)
        length -= part.length
        emit(0, part)
        continue
      }
      const change = this.#changes[this.#next]
      const kept = change === undefined ? length : Math.min(length, change.from - this.#at)
      if (kept > 0) {
        this.#at += kept
        length -= kept
        emit(kept, '')
      } else if (change !== undefined) {
        this.#enter(change, out)
      }
    }
  }

  /** Hands everything that is left to `out`. */
  rest(out: ChangesBuilder): void {
    out.insert(this.#insert)
    for (let change = this.#changes[this.#next]; change !== undefined; change = this.#changes[this.#next]) {
      out.keep(change.from - this.#at)
      this.#enter(change, out)
      out.insert(this.#insert)
    }
  }

  #enter(change: Change, out: ChangesBuilder): void {
    out.remove(change.to - change.from)
    this.#insert = change.insert
    this.#at = change.to
    this.#next++
  }
}

/** Collects kept, removed and inserted stretches into canonical changes: neighbours merged, no empties. */
class ChangesBuilder {
  readonly #out: Change[] = []
  #at = 0
  #from = 0
  #insert = ''

  keep(length: number): void {
    if (length <= 0) return
    this.#close()
    this.#at += length
    this.#from = this.#at
  }

  remove(length: number): void {
    this.#at += length
  }

  insert(text: string): void {
    this.#insert += text
  }

  finish(): Changes {
    this.#close()
    return this.#out
  }

  #close(): void {
    if (this.#at === this.#from && this.#insert === '') return
    this.#out.push({ from: this.#from, to: this.#at, insert: this.#insert })
    this.#from = this.#at
    this.#insert = ''
  }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
