/** A `<textarea>` that shows a document's text and edits it. */

import { applyChanges, composeChanges, mapOffset, minimalChange, rebaseChanges, type Bias, type Changes } from './changes.js'
import { asRejoinError, RejoinError } from './errors.js'
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
 * Edits that come within one frame of the screen are shown by the first of them and then together, with the
 * next frame: a browser sets the whole value of a `<textarea>` for every change of it, whatever its size.
 * So read the text from the document, not from `element.value`. Scripts that set `element.value` should edit
 * the text instead; what they set is taken in with the next input. The browser's own undo knows only what
 * was typed since somebody else's edit was last shown.
 *
 * Cost: for each input, a few passes of the browser over the text, as reading `element.value` is; for each
 * frame in which others edit, setting it. An edit in between costs what it is long.
 *
 * @returns the way to unbind; what is in the element stays there.
 * @throws {@link RejoinError} `invalid-argument` when there is no such element.
 * @example
 * const unbind = bindTextarea(doc.text(), document.querySelector('textarea'))
 */
export function bindTextarea(text: Text, element: HTMLTextAreaElement, options: BindTextareaOptions = {}): () => void {
  // What querySelector() gives when it finds nothing.
  if (typeof element?.setRangeText !== 'function') {
    throw new RejoinError('invalid-argument', 'element is to be a <textarea>', { argument: 'element' })
  }
  const binding = new TextareaBinding(text, element, options)
  return () => binding.unbind()
}

class TextareaBinding {
  readonly #text: Text
  readonly #element: HTMLTextAreaElement
  readonly #options: BindTextareaOptions
  readonly #undo: (() => void)[] = []
  /** The document's text as the element shows it, but for what was typed and not taken yet. */
  #shown: string
  /** What the document has and the element does not show yet: changes of `#shown`. */
  #held: Changes = []
  /** While the document takes what was typed: what listeners do to it in answer. */
  #meanwhile: { changes: Changes } | undefined
  /** The element's value that the document did not take. */
  #refused: string | undefined
  #composing = false
  /** Whether this browser was seen to keep the scroll position of an element whose text is set. */
  #keepsScroll = false
  /** The next frame, if something was shown in this one already: the rest waits for it. */
  #frame: number | undefined

  constructor(text: Text, element: HTMLTextAreaElement, options: BindTextareaOptions) {
    this.#text = text
    this.#element = element
    this.#options = options
    this.#shown = text.toString()
    element.value = this.#shown
    this.#listen('input', (event) => {
      // Some browsers do not send compositionend when focus is lost; their next plain input tells.
      if ((event as InputEvent).isComposing === false) this.#composing = false
      this.#refused = undefined
      this.#update()
    })
    this.#listen('compositionstart', () => {
      this.#update()
      this.#composing = true
    })
    this.#listen('compositionend', () => this.#endComposition())
    this.#listen('blur', () => this.#endComposition())
    this.#undo.push(
      text.on('change', ({ changes, source }) => {
        if (source !== this) this.#changed(changes)
      }),
      text.doc.on('restart', () => this.#reread()),
    )
  }

  unbind(): void {
    for (const undo of this.#undo.splice(0)) undo()
    this.#endComposition()
    if (this.#frame !== undefined) this.#endFrame()
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
  }

  #listen(type: string, listener: (event: Event) => void): void {
    this.#element.addEventListener(type, listener)
    this.#undo.push(() => this.#element.removeEventListener(type, listener))
  }

  #endComposition(): void {
    this.#composing = false
    this.#update()
  }

  /** The document changed, from outside or through another handle. */
  #changed(changes: Changes): void {
    const meanwhile = this.#meanwhile
    if (meanwhile !== undefined) meanwhile.changes = composeChanges(meanwhile.changes, changes)
    else {
      this.#held = composeChanges(this.#held, changes)
      if (!this.#waits()) this.#update()
    }
  }

  /** Whether the element is to be left alone for now: somebody sees to it later. */
  #waits(): boolean {
    // A hidden page has no frames.
    return this.#composing || (this.#frame !== undefined && globalThis.document?.hidden !== true)
  }

  /** Takes what was typed into the document, and shows what the document has. */
  #update(): void {
    if (this.#composing || !this.#take()) return
    if (this.#held.length > 0 && !this.#waits()) this.#show()
  }

  /** Takes what was typed, over what is held back. Says whether it could. */
  #take(): boolean {
    const typed = this.#typed()
    if (typed === undefined) return true
    // Told already; it is tried again with the next input.
    if (this.#element.value === this.#refused) return false
    const meanwhile = (this.#meanwhile = { changes: [] as Changes })
    try {
      this.#text.change(rebaseChanges(typed, this.#held), { source: this })
    } catch (thrown) {
      this.#refused = this.#element.value
      const error = asRejoinError(thrown, 'invalid-argument', 'the input was not taken')
      if (this.#options.onError === undefined) throw error
      this.#options.onError(error)
      return false
    } finally {
      this.#meanwhile = undefined
    }
    this.#refused = undefined
    this.#shown = applyChanges(this.#shown, typed)
    this.#held = composeChanges(rebaseChanges(this.#held, typed, 'before'), meanwhile.changes)
    return true
  }

  /** What was typed, as a change of what was shown. */
  #typed(): Changes | undefined {
    const { value } = this.#element
    const ends = new LineEnds(this.#shown)
    if (value === ends.shown) return undefined
    const typed = minimalChange(ends.shown, value, this.#element.selectionEnd)
    return typed && [{ from: ends.toText(typed.from), to: ends.toText(typed.to), insert: typed.insert }]
  }

  /** Carries what is held back into the element; what comes within this frame waits for the next. */
  #show(): void {
    const changes = this.#held
    const [first, last] = [changes[0], changes.at(-1)]
    if (first === undefined || last === undefined) return
    this.#held = []
    const element = this.#element
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = element
    const before = new LineEnds(this.#shown)
    const text = (this.#shown = applyChanges(this.#shown, changes))
    const after = new LineEnds(text)
    if (before.plain && after.plain) {
      const end = last.to + text.length - before.shown.length
      element.setRangeText(text.slice(first.from, end), first.from, last.to, 'preserve')
    } else element.value = after.shown
    const map = (offset: number, bias: Bias) => after.toShown(mapOffset(changes, before.toText(offset), bias))
    const caret = selectionStart === selectionEnd
    const start = map(selectionStart, caret ? 'before' : 'after')
    this.#select(start, caret ? start : Math.max(start, map(selectionEnd, 'before')), selectionDirection)
    this.#restoreScroll(scrollTop, scrollLeft)
    if (typeof requestAnimationFrame === 'function') this.#frame ??= requestAnimationFrame(() => this.#endFrame())
  }

  /** Looking makes the browser lay the whole text out at once, so one that has kept the place is trusted to. */
  #restoreScroll(top: number, left: number): void {
    if (this.#keepsScroll || (top === 0 && left === 0)) return
    const element = this.#element
    this.#keepsScroll = element.scrollTop === top && element.scrollLeft === left
    if (this.#keepsScroll) return
    element.scrollTop = top
    element.scrollLeft = left
  }

  #endFrame(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
    this.#update()
  }

  #select(start: number, end: number, direction: HTMLTextAreaElement['selectionDirection']): void {
    const element = this.#element
    // Setting it moves the focus in some browsers.
    if (element.selectionStart === start && element.selectionEnd === end) return
    element.setSelectionRange(start, end, direction)
  }

  /** The engine was restored: what lies between what is shown and what it has plays the remote edit. */
  #reread(): void {
    const change = minimalChange(this.#shown, this.#text.toString())
    this.#held = change === undefined ? [] : [change]
    this.#refused = undefined
    this.#update()
  }
}
