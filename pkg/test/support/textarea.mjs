// A <textarea> without a browser: value, selection and setRangeText as the HTML standard has them. The
// browser tests run the binding on a real one.
export class FakeTextarea extends EventTarget {
  #value = ''
  selectionStart = 0
  selectionEnd = 0
  selectionDirection = 'none'
  scrollTop = 0
  scrollLeft = 0

  get value() {
    return this.#value
  }

  set value(value) {
    const before = this.#value
    this.#value = value.replace(/\r\n?/g, '\n')
    if (this.#value !== before) this.setSelectionRange(this.#value.length, this.#value.length)
  }

  setSelectionRange(start, end, direction = 'none') {
    const length = this.#value.length
    this.selectionEnd = Math.min(end, length)
    this.selectionStart = Math.min(start, this.selectionEnd)
    this.selectionDirection = direction
  }

  setRangeText(text, start, end, mode) {
    if (mode !== 'preserve') throw new Error('not needed')
    const { selectionStart, selectionEnd } = this
    this.#value = this.#value.slice(0, start) + text + this.#value.slice(end)
    const moved = (offset, edge) =>
      offset > end ? offset + text.length - (end - start) : offset > start ? (edge === 'start' ? start : start + text.length) : offset
    this.selectionStart = moved(selectionStart, 'start')
    this.selectionEnd = moved(selectionEnd, 'end')
  }

  /** What a key, paste or IME does: replaces the selection, then says so. */
  type(text, { isComposing = false, event = true } = {}) {
    const { selectionStart: start, selectionEnd: end } = this
    this.#value = this.#value.slice(0, start) + text + this.#value.slice(end)
    this.selectionStart = this.selectionEnd = start + text.length
    if (event) this.fire('input', { isComposing })
  }

  select(start, end = start) {
    this.setSelectionRange(start, end)
  }

  fire(type, properties = {}) {
    this.dispatchEvent(Object.assign(new Event(type), properties))
  }
}
