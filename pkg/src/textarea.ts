/** A `<textarea>` that shows a document's text and edits it. */

import { composeChanges, mapOffset, minimalChange, rebaseChanges, type Changes } from './changes.js'
import { asRejoinError, type RejoinError } from './errors.js'
import { LineEnds } from './line-ends.js'
import type { Text } from './text.js'

/** Options of {@link bindTextarea}. */
export interface BindTextareaOptions {
  /**
   * Told when what was typed could not be taken: the document is closed, or an input method left half a
   * character. The element keeps it, and it is tried again with the next input. Default: thrown on.
   */
  readonly onError?: (error: RejoinError) => void
}

/**
 * Binds a `<textarea>` to a text: what is typed, pasted or undone becomes the smallest edit; edits of
 * others show at once, and the selection and scroll position stay with the text they were at.
 *
 * While an input method composes a character, the element is left alone: what others do meanwhile is in
 * the document, and shows, rebased, when the composition ends; so does what was composed.
 *
 * Scripts that set `element.value` themselves should edit the text instead; what they set is taken in
 * with the next input. The browser's own undo goes back over own and others' edits alike.
 *
 * Cost: linear in the text for each input, as reading `element.value` is.
 *
 * @returns the way to unbind; what is in the element stays there.
 * @example
 * const unbind = bindTextarea(doc.text(), document.querySelector('textarea'))
 */
export function bindTextarea(text: Text, element: HTMLTextAreaElement, options: BindTextareaOptions = {}): () => void {
  const binding = new TextareaBinding(text, element, options)
  return () => binding.unbind()
}

class TextareaBinding {
  readonly #text: Text
  readonly #element: HTMLTextAreaElement
  readonly #options: BindTextareaOptions
  readonly #undo: (() => void)[] = []
  /** The document's text that the element shows, but for what was typed and not taken yet. */
  #shown: string
  /** What happened to the document since `#shown`, while the element could not be touched. */
  #held: Changes = []
  #composing = false
  /** Whether the change events that come are this binding's own. */
  #editing = false

  constructor(text: Text, element: HTMLTextAreaElement, options: BindTextareaOptions) {
    this.#text = text
    this.#element = element
    this.#options = options
    this.#shown = text.toString()
    element.value = this.#shown
    this.#listen('input', (event) => {
      // Some browsers do not send compositionend when focus is lost; their next plain input tells.
      if ((event as InputEvent).isComposing === false) this.#composing = false
      this.#take()
    })
    this.#listen('compositionstart', () => {
      this.#take()
      this.#composing = true
    })
    this.#listen('compositionend', () => this.#endComposition())
    this.#listen('blur', () => this.#endComposition())
    this.#undo.push(
      text.on('change', ({ changes }) => {
        if (!this.#editing) this.#changed(changes)
      }),
      text.doc.on('restart', () => this.#reread()),
    )
  }

  unbind(): void {
    this.#endComposition()
    for (const undo of this.#undo.splice(0)) undo()
  }

  #listen(type: string, listener: (event: Event) => void): void {
    this.#element.addEventListener(type, listener)
    this.#undo.push(() => this.#element.removeEventListener(type, listener))
  }

  #endComposition(): void {
    this.#composing = false
    this.#take()
  }

  /** What was typed, against what was shown; in the element's offsets it is one replaced range. */
  #typed(): { changes: Changes; caret: number } | undefined {
    const { value, selectionEnd } = this.#element
    const ends = new LineEnds(this.#shown)
    const typed = minimalChange(ends.shown, value, selectionEnd)
    if (typed === undefined) return undefined
    const change = { from: ends.toText(typed.from), to: ends.toText(typed.to), insert: typed.insert }
    return { changes: [change], caret: selectionEnd }
  }

  /** Takes what was typed into the document, over what was held back meanwhile. */
  #take(): void {
    if (this.#composing) return
    const typed = this.#typed()
    const held = this.#held
    try {
      if (typed !== undefined) this.#edit(rebaseChanges(typed.changes, held))
    } catch (thrown) {
      // The element keeps it; from here on others' edits are held back as in a composition.
      const error = asRejoinError(thrown, 'invalid-argument', 'the input was not taken')
      if (this.#options.onError === undefined) throw error
      this.#options.onError(error)
      return
    }
    this.#held = []
    if (held.length === 0) {
      // The element shows it already. Its text, not its value: line ends may differ.
      if (typed !== undefined) this.#shown = this.#text.toString()
      return
    }
    // What the element shows now → what it is to show: back over what was typed, then over all of it.
    const now = this.#text.toString()
    const ends = new LineEnds(this.#shown)
    const toNow = typed === undefined ? held : composeChanges(held, rebaseChanges(typed.changes, held))
    this.#shown = now
    this.#replaceAll(now, (offset) => {
      if (typed === undefined) return mapOffset(held, ends.toText(offset))
      const [change] = typed.changes
      if (change === undefined) return offset
      // The caret stands at the end of what was typed, usually; else it is in text that was there before.
      const at = ends.toShown(change.from)
      const place = mapOffset(held, change.from, 'after')
      if (offset >= at && offset <= at + change.insert.length) return place + (offset - at)
      const before = offset < at ? offset : offset - change.insert.length + (ends.toShown(change.to) - at)
      return mapOffset(toNow, ends.toText(before), offset < at ? 'before' : 'after')
    })
  }

  #edit(changes: Changes): void {
    this.#editing = true
    try {
      this.#text.change(changes)
    } finally {
      this.#editing = false
    }
  }

  /** The document changed, from outside or through another handle. */
  #changed(changes: Changes): void {
    // Something typed and not taken: an input event is about to come, or was refused.
    const untaken = this.#composing || this.#held.length > 0 || this.#element.value !== new LineEnds(this.#shown).shown
    if (untaken) {
      this.#held = composeChanges(this.#held, changes)
      if (!this.#composing) this.#take()
      return
    }
    this.#show(changes)
  }

  /** Carries changes of the document into the element. */
  #show(changes: Changes): void {
    const element = this.#element
    const before = new LineEnds(this.#shown)
    this.#shown = this.#text.toString()
    if (before.plain && changes.every(({ insert }) => !insert.includes('\r'))) {
      const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = element
      for (let i = changes.length - 1; i >= 0; i--) {
        const change = changes[i]
        if (change !== undefined) element.setRangeText(change.insert, change.from, change.to, 'preserve')
      }
      // The document may be further than these changes when several events are on their way.
      if (element.value === this.#shown) {
        const caret = selectionStart === selectionEnd
        this.#select(
          mapOffset(changes, selectionStart, caret ? 'before' : 'after'),
          mapOffset(changes, selectionEnd),
          selectionDirection,
        )
        element.scrollTop = scrollTop
        element.scrollLeft = scrollLeft
        return
      }
    }
    this.#replaceAll(this.#shown, (offset) => mapOffset(changes, before.toText(offset)))
  }

  /** Sets the whole value; `map` takes the element's offsets to the new text's. */
  #replaceAll(text: string, map: (offset: number) => number): void {
    const element = this.#element
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = element
    const after = new LineEnds(text)
    element.value = after.shown
    const start = after.toShown(map(selectionStart))
    this.#select(start, selectionEnd === selectionStart ? start : after.toShown(map(selectionEnd)), selectionDirection)
    element.scrollTop = scrollTop
    element.scrollLeft = scrollLeft
  }

  #select(start: number, end: number, direction: HTMLTextAreaElement['selectionDirection']): void {
    const element = this.#element
    // Setting it moves the focus in some browsers.
    if (element.selectionStart === start && element.selectionEnd === end) return
    element.setSelectionRange(start, Math.max(start, end), direction)
  }

  /** The engine was restored: what lies between what is shown and what it has plays the remote edit. */
  #reread(): void {
    const change = minimalChange(this.#shown, this.#text.toString())
    this.#held = change === undefined ? [] : [change]
    if (!this.#composing) this.#take()
  }
}
