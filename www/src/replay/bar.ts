import { need, setText } from '../dom'
import { announce, type Notices } from '../notices'
import type { Pane } from '../pane'
import { ScriptPlayer, TracePlayer, type Player } from './player'
import { readTrace, TraceError, type Trace } from './trace'

/** Longest work in one go, so that the page stays quick while a trace plays as fast as it goes. */
const SLICE_MILLISECONDS = 12

interface BarSetup {
  readonly panes: readonly Pane[]
  readonly notices: Notices
  /** A trace starts from nothing, so it plays into a new document. */
  newDocument(): Promise<void>
}

/** The replay controls: session, speed, play and pause. */
export class ReplayBar {
  readonly #setup: BarSetup
  readonly #play = need<HTMLButtonElement>(document, '#play')
  readonly #session = need<HTMLSelectElement>(document, '#session')
  readonly #speed = need<HTMLSelectElement>(document, '#speed')
  readonly #file = need<HTMLInputElement>(document, '#trace')
  readonly #progress = need<HTMLProgressElement>(document, '#progress')
  readonly #state = need<HTMLElement>(document, '#replay-state')
  #player: Player | null = null
  #playing = false
  #timer = 0
  #trace: Trace | null = null

  constructor(setup: BarSetup) {
    this.#setup = setup
    this.#play.addEventListener('click', () => void this.#toggle())
    this.#session.addEventListener('change', () => {
      this.stop()
      if (this.#session.value === 'file') this.#file.click()
      this.#show()
    })
    this.#file.addEventListener('change', () => void this.#read())
    // An unfinished wait at 1× should not keep 20× waiting.
    this.#speed.addEventListener('change', () => this.#playing && this.#later(0))
    this.#show()
  }

  /** Ends what plays; what was typed stays. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#player?.stop()
    this.#player = null
    this.#playing = false
    this.#progress.hidden = true
    setText(this.#state, '')
    this.#show()
  }

  async #toggle(): Promise<void> {
    if (this.#playing) {
      this.#playing = false
      clearTimeout(this.#timer)
      return this.#show()
    }
    if (!this.#player && !(await this.#start())) return
    this.#playing = true
    this.#show()
    this.#later(0)
  }

  async #start(): Promise<boolean> {
    const { panes } = this.#setup
    if (this.#session.value === 'script') {
      if (!panes.every((pane) => pane.opened)) return false
      this.#player = new ScriptPlayer(panes)
      return true
    }
    const trace = this.#session.value === 'recorded' ? await this.#recorded() : this.#trace
    if (!trace) {
      if (this.#session.value === 'file') this.#file.click()
      return false
    }
    await this.#setup.newDocument()
    if (!panes.every((pane) => pane.opened)) return false
    this.#player = new TracePlayer(panes, trace)
    return true
  }

  /** The session that comes with the page: each edit between the revisions of this project's ARCHITECTURE.md, word by word. */
  async #recorded(): Promise<Trace | null> {
    try {
      const response = await fetch('/sessions/architecture.json.gz')
      if (!response.ok) throw new Error(`${response.status}`)
      return await readTrace(new File([await response.blob()], 'architecture.json.gz'))
    } catch {
      this.#setup.notices.show('trace', { what: 'The recorded session could not be loaded.', next: 'Check that the server still runs, then try again; the other sessions need no server.' }, [{ label: 'Dismiss', run: () => this.#setup.notices.clear('trace') }])
      return null
    }
  }

  async #read(): Promise<void> {
    const file = this.#file.files?.[0]
    this.#file.value = ''
    if (!file) return
    try {
      this.#trace = await readTrace(file)
      this.#setup.notices.clear('trace')
      setText(this.#state, `${file.name}: ${this.#trace.edits.length.toLocaleString('en')} edits, ready`)
      announce(`${file.name} is ready to replay.`)
    } catch (error) {
      const what = error instanceof TraceError ? error.message : `“${file.name}” could not be read.`
      this.#setup.notices.show('trace', { what, next: 'Nothing was changed.' }, [{ label: 'Dismiss', run: () => this.#setup.notices.clear('trace') }])
    }
    this.#show()
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = window.setTimeout(() => this.#run(), milliseconds)
  }

  #run(): void {
    const player = this.#player
    if (!player || !this.#playing) return
    const speed = Number(this.#speed.value)
    const until = performance.now() + SLICE_MILLISECONDS
    let wait: number | null = 0
    try {
      do wait = player.step()
      while (wait !== null && performance.now() < until && (speed === 0 || wait / speed < 1))
    } catch (error) {
      this.stop()
      this.#setup.notices.show('replay', { what: 'The replay stopped.', next: `A pane could not take an edit (${String((error as Error).message)}).` }, [{ label: 'Dismiss', run: () => this.#setup.notices.clear('replay') }])
      return
    }
    const { done, total, note } = player.report()
    this.#progress.hidden = false
    this.#progress.value = total === 0 ? 1 : done / total
    setText(this.#state, `${done.toLocaleString('en')} of ${total.toLocaleString('en')} keystrokes${note ? `, ${note}` : ''}`)
    if (wait === null) this.#finish(player)
    else this.#later(speed === 0 ? 0 : wait / speed)
  }

  #finish(player: Player): void {
    this.#playing = false
    this.#player = null
    this.#progress.hidden = true
    this.#show()
    // The other pane may need a moment to hear of the last edits.
    const tell = (left: number) => {
      const { note, total } = player.report()
      setText(this.#state, note || `${total.toLocaleString('en')} keystrokes replayed`)
      if (left > 0 && note.includes('catching up')) this.#timer = window.setTimeout(() => tell(left - 1), 500)
      else {
        player.stop()
        announce(`Replay finished. ${note}`)
      }
    }
    tell(60)
  }

  #show(): void {
    const words = this.#playing ? 'Pause' : this.#player ? 'Resume' : this.#session.value === 'file' && !this.#trace ? 'Choose a trace…' : 'Replay a session'
    setText(this.#play, words)
    this.#play.setAttribute('aria-pressed', String(this.#playing))
  }
}
