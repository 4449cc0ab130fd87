import { make, oncePerFrame } from './dom'
import type { Change, Token } from './timeline'

const GLOW_MILLISECONDS = 3200
/** Beyond this the copy behind the textarea would cost more than the colour is worth. */
const LONGEST = 60_000

interface Glow {
  from: number
  to: number
  since: number
}

/**
 * Colours the text of a textarea: what waits on this device, and, for a moment, what just arrived. A textarea
 * cannot hold marks, so a copy of its text with the same metrics lies behind it, its letters transparent.
 */
export class Mirror {
  readonly #area: HTMLTextAreaElement
  readonly #layer: HTMLElement
  readonly #queue: () => readonly Token[]
  #glows: Glow[] = []
  #timer = 0
  /** Draws again with the next frame. */
  readonly refresh: () => void

  constructor(area: HTMLTextAreaElement, layer: HTMLElement, queue: () => readonly Token[]) {
    this.#area = area
    this.#layer = layer
    this.#queue = queue
    this.refresh = oncePerFrame(() => this.#draw())
    const follow = () => {
      layer.scrollTop = area.scrollTop
    }
    area.addEventListener('scroll', follow, { passive: true })
    area.addEventListener('input', this.refresh)
    new ResizeObserver(() => {
      layer.style.width = `${area.clientWidth}px`
      layer.style.height = `${area.clientHeight}px`
      follow()
    }).observe(area)
  }

  /** A change of the text: glows move with it, and what came from elsewhere starts to glow. */
  changed(changes: readonly Change[], fromElsewhere: boolean): void {
    let shift = 0
    const fresh: Glow[] = []
    for (const { from, to, insert } of changes) {
      const at = from + shift
      const grown = insert.length - (to - from)
      for (const glow of this.#glows) {
        if (to + shift <= glow.from) glow.from += grown
        if (from + shift < glow.to) glow.to = Math.max(glow.from, glow.to + grown)
      }
      if (fromElsewhere && insert !== '') fresh.push({ from: at, to: at + insert.length, since: performance.now() })
      shift += grown
    }
    this.#glows.push(...fresh)
    this.refresh()
  }

  #draw(): void {
    const text = this.#area.value
    const now = performance.now()
    this.#glows = this.#glows.filter((glow) => now - glow.since < GLOW_MILLISECONDS && glow.to > glow.from)
    clearTimeout(this.#timer)
    if (this.#glows.length > 0) this.#timer = window.setTimeout(this.refresh, GLOW_MILLISECONDS)

    const marks: { from: number; to: number; element: HTMLElement }[] = []
    for (const token of this.#queue()) {
      const name = token.inserted ? `wait wait-${token.state}` : 'cut'
      if (token.inserted || token.deleted) marks.push({ from: token.at, to: token.at + token.inserted.length, element: make('mark', { class: name }) })
    }
    for (const glow of this.#glows) {
      marks.push({ from: glow.from, to: glow.to, element: make('mark', { class: 'glow', style: `animation-delay:${Math.round(glow.since - now)}ms` }) })
    }
    marks.sort((a, b) => a.from - b.from || a.to - b.to)
    this.#layer.hidden = marks.length === 0 || text.length > LONGEST
    if (this.#layer.hidden) {
      this.#layer.replaceChildren()
      return
    }
    const parts: (Node | string)[] = []
    let at = 0
    for (const { from, to, element } of marks) {
      // Overlapping marks and, during a composition, offsets past what is shown: keep what fits.
      if (from < at || to > text.length) continue
      parts.push(text.slice(at, from), element)
      element.textContent = text.slice(from, to)
      at = to
    }
    // A last line end needs something after it to have a height.
    parts.push(text.slice(at) + '\u200b')
    this.#layer.replaceChildren(...parts)
    this.#layer.scrollTop = this.#area.scrollTop
  }
}
