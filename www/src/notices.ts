import { make } from './dom'
import type { Advice } from './words'

/** An extra thing a notice lets the person do. */
export interface Action {
  readonly label: string
  run(): void
}

/** Messages that stay until what they tell of is over. One per `id`: saying it again changes it in place. */
export class Notices {
  readonly #host: HTMLElement
  readonly #shown = new Map<string, HTMLElement>()

  constructor(host: HTMLElement) {
    this.#host = host
  }

  show(id: string, { what, next }: Advice, actions: readonly Action[] = []): void {
    const old = this.#shown.get(id)
    if (old?.dataset['text'] === what + next) return
    const box = make('div', { class: 'notice', role: 'alert' }, make('p', {}, make('strong', {}, what), ' ', next))
    box.dataset['text'] = what + next
    if (actions.length > 0) {
      const row = make('div', { class: 'notice-actions' })
      for (const action of actions) {
        const button = make('button', { type: 'button' }, action.label)
        button.addEventListener('click', () => action.run())
        row.append(button)
      }
      box.append(row)
    }
    if (old) old.replaceWith(box)
    else this.#host.append(box)
    this.#shown.set(id, box)
  }

  clear(id: string): void {
    this.#shown.get(id)?.remove()
    this.#shown.delete(id)
  }

  clearAll(): void {
    for (const id of [...this.#shown.keys()]) this.clear(id)
  }
}

/** Says something once to people who listen to the page instead of looking at it. */
export function announce(text: string): void {
  const live = document.getElementById('live')
  if (!live) return
  // The same words twice would not be said twice; a fresh node is.
  live.replaceChildren(make('p', {}, text))
}
