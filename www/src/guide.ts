import { make } from './dom'
import { read, write } from './prefs'

/** What the guide needs to know of the two panes. */
export interface Situation {
  readonly offline: boolean[]
  readonly live: boolean[]
  readonly waiting: number[]
  readonly equal: boolean
  /** A pane, or the page, was just opened again with edits still waiting. */
  readonly reloaded: boolean
}

const STEPS = ['offline', 'type', 'reload', 'rejoin'] as const
type Step = (typeof STEPS)[number]

/** Ticks off the steps of “What to try” as they are really done. */
export class Guide {
  readonly #list: HTMLElement
  #done: Set<Step>

  constructor(list: HTMLElement) {
    this.#list = list
    this.#done = new Set(read<Step[]>('guide', 'session') ?? [])
    this.#show()
  }

  see(now: Situation): void {
    const before = this.#done.size
    const bothOffline = now.offline.every(Boolean)
    // All done, and at it again: start over.
    if (this.#done.has('rejoin') && bothOffline) this.#done.clear()
    if (bothOffline) this.#done.add('offline')
    if (this.#done.has('offline') && now.waiting.every((n) => n > 0)) this.#done.add('type')
    if (this.#done.has('offline') && now.reloaded) this.#done.add('reload')
    if (this.#done.has('type') && now.live.every(Boolean) && now.equal && now.waiting.every((n) => n === 0)) this.#done.add('rejoin')
    if (before !== this.#done.size) this.#show()
  }

  #show(): void {
    write('guide', [...this.#done], 'session')
    const next = STEPS.find((step) => !this.#done.has(step))
    for (const item of this.#list.querySelectorAll<HTMLElement>('[data-step]')) {
      const done = this.#done.has(item.dataset['step'] as Step)
      item.classList.toggle('done', done)
      if (item.dataset['step'] === next) item.setAttribute('aria-current', 'step')
      else item.removeAttribute('aria-current')
      item.querySelector('.sr')?.remove()
      if (done) item.append(make('span', { class: 'sr' }, ' (done)'))
    }
  }
}
