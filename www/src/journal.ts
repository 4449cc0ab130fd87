import { make } from './dom'

/** One line of a pane's journal: what happened, in words, and when. */
export interface Line {
  readonly kind: Kind
  /** Lines that tell of one thing as it goes on share a key. */
  readonly key: string
  text: string
  time: number
}
export type Kind = 'local' | 'remote' | 'rebase' | 'sent' | 'acked' | 'link' | 'device' | 'trouble'

const KEPT = 60

/** A pane's journal, newest first. */
export class Journal {
  lines: Line[] = []
  readonly #list: HTMLElement
  readonly #changed: () => void

  constructor(list: HTMLElement, changed: () => void) {
    this.#list = list
    this.#changed = changed
  }

  /** Writes a line; with a key, one of the newest lines of that key is rewritten instead. */
  write(kind: Kind, text: string, key = ''): void {
    const index = key === '' ? -1 : this.lines.slice(0, 4).findIndex((line) => line.key === key && line.kind === kind)
    const old = this.lines[index]
    if (old) {
      old.text = text
      old.time = Date.now()
      this.#list.children[index]?.replaceWith(draw(old))
    } else {
      const line = { kind, key, text, time: Date.now() }
      this.lines = [line, ...this.lines].slice(0, KEPT)
      this.#list.prepend(draw(line))
      while (this.#list.childElementCount > KEPT) this.#list.lastElementChild?.remove()
    }
    this.#changed()
  }

  restore(lines: Line[]): void {
    this.lines = lines.slice(0, KEPT)
    this.#list.replaceChildren(...this.lines.map(draw))
  }
}

function draw(line: Line): HTMLElement {
  const time = new Date(line.time)
  const clock = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
  return make('li', { class: `line line-${line.kind}` }, make('time', { datetime: time.toISOString() }, clock), make('span', {}, line.text))
}
