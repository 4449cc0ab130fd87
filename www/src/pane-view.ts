import { make, need, setText } from './dom'
import { Notices } from './notices'

/** The state that a pane's head and figures show. */
export interface Shown {
  readonly opened: boolean
  readonly offline: boolean
  readonly link: string
  readonly unreachable: boolean
  readonly revision: number
  readonly inflight: number | null
  readonly inflightRuns: number
  readonly pending: boolean
  readonly pendingRuns: number
  readonly saved: 'saved' | 'saving' | 'memory'
}

/** A refused edit as the inbox lists it. */
export interface Refused {
  readonly id: number
  readonly why: string
  readonly text: string
}

export interface PaneButtons {
  toggle(): void
  reload(): void
  copyText(): void
  exportRefused(): void
  discard(id: number): void
}

const BADGE: Record<string, string> = { offline: 'Offline', opening: 'Joining…', 'catching-up': 'Catching up…', live: 'Live', refused: 'Refused' }

/** The elements of one pane. Knows nothing of clients. */
export class PaneView {
  readonly root: HTMLElement
  readonly area: HTMLTextAreaElement
  readonly mirror: HTMLElement
  readonly strip: HTMLElement
  readonly journal: HTMLElement
  readonly notices: Notices
  readonly #badge: HTMLElement
  readonly #switch: HTMLButtonElement
  readonly #inbox: HTMLElement
  readonly #buttons: PaneButtons

  constructor(name: string, id: string, host: HTMLElement, buttons: PaneButtons) {
    const template = need<HTMLTemplateElement>(document, '#pane-template')
    const root = need<HTMLElement>(template.content.cloneNode(true) as DocumentFragment, '.pane')
    this.root = root
    this.#buttons = buttons
    root.id = `pane-${id}`
    root.dataset['pane'] = id
    const title = need<HTMLElement>(root, 'h2')
    title.id = `pane-${id}-name`
    title.textContent = name
    root.setAttribute('aria-labelledby', title.id)
    this.area = need(root, 'textarea')
    this.area.setAttribute('aria-label', `Text on ${name}`)
    this.mirror = need(root, '.mirror')
    this.strip = need(root, '.line-of-edits')
    this.strip.setAttribute('aria-label', `Edits on ${name}: confirmed, then waiting`)
    this.journal = need(root, '.journal-lines')
    this.journal.setAttribute('aria-label', `What happened on ${name}`)
    // On a narrow screen the other pane is worth more than the journal.
    need<HTMLDetailsElement>(root, 'details').open = !matchMedia('(max-width: 34rem)').matches
    this.notices = new Notices(need(root, '.pane-notices'))
    this.#badge = need(root, '.badge')
    this.#switch = need(root, '.switch')
    this.#switch.setAttribute('aria-label', `${name} online`)
    this.#inbox = need(root, '.inbox')
    this.#switch.addEventListener('click', () => buttons.toggle())
    const reload = need<HTMLButtonElement>(root, '.reload')
    reload.setAttribute('aria-label', `Reload this pane: ${name}`)
    reload.addEventListener('click', () => buttons.reload())
    const copyText = need<HTMLButtonElement>(root, '.copy-text')
    copyText.setAttribute('aria-label', `Copy text of ${name}`)
    copyText.addEventListener('click', () => buttons.copyText())
    host.append(root)
  }

  show(now: Shown): void {
    const state = !now.opened ? 'opening' : now.offline ? 'offline' : now.unreachable ? 'unreachable' : now.link === 'offline' ? 'opening' : now.link
    this.root.dataset['link'] = state
    setText(this.#badge.lastElementChild!, state === 'unreachable' ? 'No server' : (BADGE[state] ?? state))
    this.#switch.setAttribute('aria-checked', String(!now.offline))
    setText(this.#switch.lastElementChild!, now.offline ? 'Offline' : 'Online')
    this.#stat('revision', String(now.revision), now.opened)
    this.#stat('inflight', now.inflight === null ? 'none' : `#${now.inflight}${now.inflightRuns > 0 ? ` · ${now.inflightRuns}` : ''}`, now.opened)
    this.#stat('pending', now.pending ? String(Math.max(1, now.pendingRuns)) : 'none', now.opened)
    this.#stat('saved', { saved: 'all saved', saving: 'saving…', memory: 'not saved' }[now.saved], now.opened)
    need<HTMLElement>(this.root, '[data-stat=saved]').dataset['state'] = now.saved
  }

  /** Whether the text can be edited, and what an empty one says. */
  ready(opened: boolean): void {
    this.area.readOnly = !opened
    this.area.placeholder = opened ? 'Type here. Then go offline and keep typing.' : 'Opening the document…'
    this.root.setAttribute('aria-busy', String(!opened))
  }

  refused(edits: readonly Refused[]): void {
    this.#inbox.hidden = edits.length === 0
    if (edits.length === 0) return this.#inbox.replaceChildren()
    const list = make('ul')
    for (const edit of edits) {
      const discard = make('button', { type: 'button', class: 'quiet' }, 'Discard')
      discard.addEventListener('click', () => this.#buttons.discard(edit.id))
      list.append(make('li', {}, make('p', {}, make('strong', {}, edit.why), ' ', make('q', {}, edit.text)), discard))
    }
    const save = make('button', { type: 'button' }, 'Export as a file')
    save.addEventListener('click', () => this.#buttons.exportRefused())
    this.#inbox.replaceChildren(
      make('h3', {}, 'Refused edits'),
      make('p', {}, 'The server would not take these. They are out of the text but kept here until you discard them.'),
      list,
      save,
    )
  }

  #stat(name: string, value: string, known: boolean): void {
    setText(need(this.root, `[data-stat=${name}]`), known ? value : '–')
  }
}
