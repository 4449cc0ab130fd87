import { calm, make, setText } from './dom'
import type { Timeline, Token } from './timeline'
import { describe } from './words'

const SLIDE: KeyframeAnimationOptions = { duration: 620, easing: 'cubic-bezier(.2,.8,.2,1)' }

/**
 * Draws a timeline as one line: confirmed edits, the end of what the server confirmed, then the queue. When edits
 * arrive they slide in before the queue, and the queue's chips are seen moving on and taking their new offsets.
 */
export class Strip {
  readonly #list: HTMLElement
  readonly #base: HTMLElement
  readonly #items = new Map<number, HTMLElement>()

  constructor(list: HTMLElement) {
    this.#list = list
    this.#base = make('li', { class: 'base' }, make('span', { class: 'base-label' }), make('span', { class: 'base-empty' }))
    list.append(this.#base)
    list.addEventListener('scroll', () => list.toggleAttribute('data-more', list.scrollLeft > 4), { passive: true })
  }

  draw(timeline: Timeline, revision: number, opened: boolean): void {
    const before = new Map([...this.#items.values(), this.#base].map((element) => [element, element.offsetLeft]))
    const scrolled = this.#list.scrollLeft
    const wanted = [...timeline.confirmed, ...timeline.queue]
    const keys = new Set(wanted.map((token) => token.key))
    for (const [key, element] of this.#items) {
      if (keys.has(key)) continue
      element.remove()
      this.#items.delete(key)
    }
    setText(this.#base.children[0]!, revision === 0 ? 'new' : `r${revision}`)
    setText(this.#base.children[1]!, timeline.queue.length > 0 ? '' : opened ? 'Nothing waiting. Edits made offline queue up here.' : '')

    const order: HTMLElement[] = []
    for (const token of timeline.confirmed) order.push(this.#item(token))
    order.push(this.#base)
    for (const token of timeline.queue) order.push(this.#item(token))
    order.forEach((element, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null)
    })
    this.#reveal()
    if (!calm()) this.#slide(wanted, before, this.#list.scrollLeft - scrolled)
  }

  /** The end of the confirmed part stays in view with as much of the queue as fits. */
  #reveal(): void {
    const list = this.#list
    const first = this.#base.offsetLeft - 150
    list.scrollLeft = Math.min(Math.max(0, first), list.scrollWidth - list.clientWidth)
  }

  #slide(wanted: readonly Token[], before: Map<HTMLElement, number>, scrolled: number): void {
    for (const token of wanted) {
      const element = this.#items.get(token.key)
      if (!element) continue
      const old = before.get(element)
      if (old === undefined) {
        const from = token.mine ? 'translateY(10px)' : 'translateY(-36px)'
        element.animate([{ transform: from, opacity: 0 }, { transform: 'none', opacity: 1 }], SLIDE)
        continue
      }
      moveFrom(element, old + scrolled)
    }
    moveFrom(this.#base, (before.get(this.#base) ?? 0) + scrolled)
  }

  #item(token: Token): HTMLElement {
    let element = this.#items.get(token.key)
    if (!element) {
      element = make('li', {}, make('span', { class: 'chip-head' }), make('span', { class: 'chip-text' }), make('span', { class: 'chip-at' }))
      this.#items.set(token.key, element)
    }
    const waits = token.state !== 'committed'
    const moved = token.was !== null && token.was !== token.at
    const name = ['chip', token.mine ? 'mine' : 'theirs', token.state, waits && !token.saved ? 'unsaved' : '', waits && moved ? 'moved' : ''].filter(Boolean).join(' ')
    if (element.className !== name) element.className = name
    const [head, text, at] = element.children
    setText(head!, heading(token))
    setText(text!, describe(token))
    element.title = describe(token, 400)
    const place = token.inserted || token.deleted ? `${token.at}` : ''
    const key = `${moved ? token.was : ''}>${place}`
    if (at instanceof HTMLElement && at.dataset['key'] !== key) {
      at.dataset['key'] = key
      at.replaceChildren(...(place === '' ? [] : moved ? ['at ', make('s', {}, String(token.was)), make('span', { class: 'sr' }, ' moved to '), make('b', {}, place)] : [`at ${place}`]))
    }
    return element
  }
}

/** Lets an element be seen moving from where it was, in pixels from the left. */
function moveFrom(element: HTMLElement, left: number): void {
  const by = left - element.offsetLeft
  if (Math.abs(by) > 1) element.animate([{ transform: `translateX(${by}px)` }, { transform: 'none' }], SLIDE)
}

function heading(token: Token): string {
  if (!token.mine) return `r${token.revision ?? '?'} · elsewhere`
  if (token.state === 'committed') return `r${token.revision ?? '?'} · here`
  if (token.state === 'inflight') return 'on its way'
  return token.saved ? 'waiting' : 'saving…'
}
