import { applyChanges, bindTextarea, Client, indexedDbStorage, memoryStorage, type Doc, type DocStatus } from 'rejoin'
import { copy, download, oncePerFrame } from './dom'
import { Mirror } from './mirror'
import { Narrator, type Story } from './narrator'
import { announce } from './notices'
import { PaneView } from './pane-view'
import { read, write } from './prefs'
import { Strip } from './strip'
import type { Change } from './timeline'
import { advice, count, excerpt } from './words'

/** What a pane needs to be told. */
export interface PaneSetup {
  readonly id: 'a' | 'b'
  readonly name: string
  readonly host: HTMLElement
  /** The storage slot of this tab, see slot.ts. */
  readonly slot: string
  readonly url: string
  /** Something the rest of the page may show has changed. */
  changed(): void
}

/** How long a join may take before the page says that the server is not there. */
const PATIENCE_MILLISECONDS = 2500
/** One pane: a client of its own, its own storage, its own connection, and what is drawn of it. */
export class Pane {
  readonly name: string
  /** Listeners to every change of the text, for the replay's carets. */
  readonly watchers = new Set<(changes: readonly Change[]) => void>()
  readonly #setup: PaneSetup
  readonly #view: PaneView
  readonly #strip: Strip
  readonly #narrator: Narrator
  #mirror: Mirror
  #client: Client | null = null
  #doc: Doc | null = null
  #document = ''
  #ends: (() => void)[] = []
  #offline: boolean
  #text = ''
  #joiningSince = 0
  #memoryOnly = false
  readonly #draw: () => void
  readonly #keep: () => void

  constructor(setup: PaneSetup) {
    this.#setup = setup
    this.name = setup.name
    this.#offline = read<boolean>(this.#key('offline')) ?? false
    this.#view = new PaneView(setup.name, setup.id, setup.host, {
      toggle: () => this.setOffline(!this.#offline),
      reload: () => void this.reload(),
      copyText: () => void copy(this.#text).then((done) => announce(done ? `Text of ${this.name} copied.` : 'The browser refused to copy; select the text and copy it by hand.')),
      exportRefused: () => this.#doc && download(`rejoin-refused-${this.name.toLowerCase()}.json`, this.#doc.rejected.export()),
      discard: (id) => {
        this.#doc?.rejected.discard(id)
        this.#showRefused()
      },
    })
    this.#mirror = new Mirror(this.#view.area, this.#view.mirror, () => this.#narrator.timeline.queue)
    this.#strip = new Strip(this.#view.strip)
    this.#draw = oncePerFrame(() => this.#drawNow())
    let timer = 0
    this.#keep = () => {
      clearTimeout(timer)
      timer = window.setTimeout(() => this.#keepNow(), 200)
    }
    this.#narrator = new Narrator(setup.name, this.#view.journal, this.#keep)
    window.addEventListener('pagehide', () => this.#keepNow())
    this.#draw()
  }

  get offline(): boolean {
    return this.#offline
  }
  get opened(): boolean {
    return this.#doc !== null
  }
  get live(): boolean {
    return this.#doc?.status.link === 'live'
  }
  /** Runs of typing not confirmed yet. */
  get waiting(): number {
    return this.#narrator.waiting
  }
  /** Opened with edits still waiting from before. */
  get reopened(): boolean {
    return this.#narrator.reopened
  }
  get text(): string {
    return this.#text
  }
  /** Switched online, but no server for a while. */
  get unreachable(): boolean {
    return this.opened && !this.#offline && this.#doc?.status.link === 'offline' && performance.now() - this.#joiningSince > PATIENCE_MILLISECONDS
  }

  /** Opens a document, from the device first; the one before is closed. */
  async open(document: string): Promise<void> {
    await this.close()
    this.#document = document
    const { slot, id, url } = this.#setup
    const storage = this.#memoryOnly ? memoryStorage() : indexedDbStorage(`rejoin-demo-${slot}-${id}`)
    const client = new Client({ url, storage, connect: false })
    this.#client = client
    client.on('error', (error) => {
      // A server that is not there has its own notice, after a moment's patience.
      if (client.status.connection === 'refused') this.#trouble(error)
    })
    client.on('storage-error', ({ error }) => this.#view.notices.show('storage', advice(error), [this.#copyAction()]))
    this.#joining()
    try {
      const doc = await client.open(document, { create: '' })
      // Connected only now, so that a storage that refuses costs no connection.
      if (!this.#offline) client.connect()
      this.#opened(doc)
    } catch (error) {
      await this.#openFailed(error as { code?: string; message?: string })
    }
  }

  async close(): Promise<void> {
    this.#keepNow()
    for (const end of this.#ends.splice(0)) end()
    const client = this.#client
    this.#doc = null
    this.#client = null
    this.#view.ready(false)
    this.#view.area.value = ''
    this.#text = ''
    // What this device will not store stays listed as such until now; a client that is thrown away cannot keep it.
    if (client) await client.close().catch(() => client.close({ discardUnsaved: true })).catch(() => undefined)
  }

  /** Throws the client away and makes a new one from what is stored, as a page reload would. */
  async reload(): Promise<void> {
    const document = this.#document
    await this.close()
    this.#narrator.forget()
    this.#draw()
    await this.open(document)
    announce(`${this.name} reloaded from this device.${this.waiting > 0 ? ` ${count(this.waiting, 'edit')} still waiting.` : ''}`)
  }

  setOffline(offline: boolean): void {
    if (offline === this.#offline) return
    this.#offline = offline
    write(this.#key('offline'), offline || null)
    this.#narrator.switched(offline, this.#doc?.status.revision ?? 0)
    if (offline) this.#client?.disconnect()
    else {
      this.#joining()
      this.#client?.connect()
    }
    this.#changed()
  }

  /** Tries the server again at once. */
  retry(): void {
    if (this.#offline) return
    this.#client?.disconnect()
    this.#joining()
    this.#client?.connect()
  }

  /** Edits as a person would: `deleted` units at `at` become `insert`. For the replay. */
  edit(at: number, deleted: number, insert: string): void {
    this.#doc?.text().replace(at, deleted, insert)
  }

  #key(what: string): string {
    return `${what}/${this.#setup.slot}-${this.#setup.id}`
  }

  #joining(): void {
    this.#joiningSince = performance.now()
    setTimeout(() => this.#changed(), PATIENCE_MILLISECONDS + 50)
  }

  #opened(doc: Doc): void {
    this.#doc = doc
    const text = doc.text()
    this.#text = text.toString()
    this.#view.notices.clear('open')
    this.#narrator.opened(doc.status, this.#text, read<Story>(`${this.#key('drawing')}/${this.#document}`), this.#offline)
    this.#ends.push(
      doc.on('change', (event) => this.#textChanged(event.changes, event.origin !== 'local')),
      doc.on('status', (now) => this.#statusChanged(now)),
      doc.on('rejected', (edit) => this.#refused(edit)),
      doc.on('error', (error) => this.#trouble(error)),
      doc.on('restart', () => void this.reload()),
      bindTextarea(text, this.#view.area),
    )
    this.#view.ready(true)
    this.#showRefused()
    this.#mirror.refresh()
    this.#changed()
  }

  async #openFailed(error: { code?: string; message?: string }): Promise<void> {
    const said = advice(error)
    const again = { label: 'Try again', run: () => void this.#fresh() }
    if (!this.#memoryOnly && error.code === 'storage-refused') {
      // The device's storage is closed to us; the page is still worth more with an editor than without one.
      this.#memoryOnly = true
      this.#view.notices.show('storage', said, [again, this.#copyAction()])
      await this.open(this.#document)
      return
    }
    this.#view.notices.show('open', said, [again])
    announce(`${this.name}: ${said.what}`)
    this.#changed()
  }

  async #fresh(): Promise<void> {
    this.#memoryOnly = false
    this.#view.notices.clearAll()
    await this.reload()
  }

  #copyAction() {
    return { label: 'Copy text', run: () => void copy(this.#text) }
  }

  #textChanged(changes: readonly Change[], fromElsewhere: boolean): void {
    const doc = this.#doc
    if (!doc) return
    const before = this.#text
    this.#text = applyChanges(before, changes)
    const status = doc.status
    if (fromElsewhere) this.#narrator.arrived(changes, before, status)
    else for (const change of [...changes].reverse()) this.#narrator.typed(change, before, status)
    this.#mirror.changed(changes, fromElsewhere)
    for (const watch of this.watchers) watch(changes)
    this.#changed()
  }

  #statusChanged(status: DocStatus): void {
    if (this.#narrator.status(status, this.#offline)) this.#joining()
    if (!status.storageError && !this.#memoryOnly) this.#view.notices.clear('storage')
    this.#changed()
  }

  #trouble(error: { code?: string; message?: string }): void {
    const said = advice(error)
    this.#narrator.trouble(`${said.what} ${said.next}`, error.code)
    this.#view.notices.show('trouble', said, [{ label: 'Dismiss', run: () => this.#view.notices.clear('trouble') }])
  }

  #refused(edit: { code: string; detail: string }): void {
    const said = advice({ code: edit.code, message: edit.detail })
    this.#narrator.trouble(`${said.what} ${said.next}`)
    announce(`${this.name}: ${said.what}`)
    this.#showRefused()
    this.#changed()
  }

  #showRefused(): void {
    const edits = this.#doc?.rejected.list() ?? []
    this.#view.refused(edits.map((edit) => ({ id: edit.id, why: advice({ code: edit.code, message: edit.detail }).what, text: excerpt(insertedBy(edit.op), 80) })))
  }

  #storageState(): 'saved' | 'saving' | 'memory' {
    const status = this.#doc?.status
    if (!status) return 'saving'
    if (this.#memoryOnly || status.storageError) return 'memory'
    return status.savedEdits >= status.edits ? 'saved' : 'saving'
  }

  #changed(): void {
    this.#draw()
    this.#keep()
    this.#setup.changed()
  }

  #drawNow(): void {
    const status = this.#doc?.status
    this.#view.show({
      opened: status !== undefined,
      offline: this.#offline,
      link: status?.link ?? 'opening',
      unreachable: this.unreachable,
      revision: status?.revision ?? 0,
      inflight: status?.inflight ?? null,
      inflightRuns: this.#narrator.timeline.in('inflight').length,
      pending: status?.pending ?? false,
      pendingRuns: this.#narrator.timeline.in('pending').length,
      saved: this.#storageState(),
    })
    this.#strip.draw(this.#narrator.timeline, status?.revision ?? 0, status !== undefined)
    this.#mirror.refresh()
  }

  #keepNow(): void {
    if (!this.#doc) return
    write(`${this.#key('drawing')}/${this.#document}`, { ...this.#narrator.story, savedAt: Date.now() })
  }
}

/** The text that a refused op would have inserted; the op itself is exported whole. */
function insertedBy(op: unknown): string {
  const found: string[] = []
  JSON.stringify(op, (key, value: unknown) => {
    if (typeof value === 'string' && key !== 'd') found.push(value)
    return value
  })
  return found.filter((part) => part !== '').join(' … ')
}
