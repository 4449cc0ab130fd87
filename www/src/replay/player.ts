import type { Pane } from '../pane'
import type { Change } from '../timeline'
import { WRITERS, type Act } from './script'
import type { Trace } from './trace'

/** What a player tells while it runs. */
export interface Report {
  readonly done: number
  readonly total: number
  readonly note: string
}

/** Plays something into the panes; paused and resumed from outside. */
export interface Player {
  /** Plays on for a moment; gives the milliseconds (at speed 1) until the next keystroke, or `null` at the end. */
  step(): number | null
  report(): Report
  stop(): void
}

/** Keystroke by keystroke, the same every time. */
function strokes(acts: readonly Act[], seed: number): { act: Act; text: string; wait: number }[] {
  let state = seed
  const random = () => ((state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff)
  const out: { act: Act; text: string; wait: number }[] = []
  for (const act of acts) {
    if (act.do === 'type') {
      const parts = typeof Intl.Segmenter === 'function' ? Array.from(new Intl.Segmenter().segment(act.text), (part) => part.segment) : Array.from(act.text)
      for (const text of parts) out.push({ act, text, wait: 45 + random() * 90 + (/[\s.,]/.test(text) ? 60 : 0) })
    } else if (act.do === 'erase') for (let n = 0; n < act.count; n++) out.push({ act, text: '', wait: 80 + random() * 40 })
    else out.push({ act, text: '', wait: act.do === 'pause' ? act.milliseconds : 250 })
  }
  return out
}

interface Writer {
  readonly pane: Pane
  readonly strokes: ReturnType<typeof strokes>
  caret: number
  next: number
  /** When the next key is pressed, in milliseconds of the session. */
  due: number
  /** The place of the last `find` is not there. */
  lost: boolean
  /** The change being heard is this writer's own. */
  mine: boolean
  end(): void
}

/** The bundled script: each writer types in their own pane, at their own pace. */
export class ScriptPlayer implements Player {
  readonly #writers: readonly Writer[]
  #now = 0

  constructor(panes: readonly Pane[]) {
    this.#writers = panes.map((pane, index) => {
      const writer: Writer = { pane, caret: pane.text.length, strokes: strokes(WRITERS[index] ?? [], 7 + index), next: 0, due: 0, lost: false, mine: false, end: () => {} }
      const watch = (changes: readonly Change[]) => {
        // The first writer stays before what lands at the caret, the second goes after it: their lines stay apart.
        if (!writer.mine) writer.caret = mapped(writer.caret, changes, index > 0)
      }
      pane.watchers.add(watch)
      writer.end = () => void pane.watchers.delete(watch)
      return writer
    })
  }

  step(): number | null {
    const writer = this.#writers.filter((each) => each.next < each.strokes.length).sort((a, b) => a.due - b.due)[0]
    if (!writer) return null
    const stroke = writer.strokes[writer.next++]!
    const wait = Math.max(0, writer.due - this.#now)
    this.#now = Math.max(this.#now, writer.due)
    writer.due = this.#now + stroke.wait
    this.#press(writer, stroke.act, stroke.text)
    return wait
  }

  report(): Report {
    const done = this.#writers.reduce((sum, writer) => sum + writer.next, 0)
    const total = this.#writers.reduce((sum, writer) => sum + writer.strokes.length, 0)
    return { done, total, note: '' }
  }

  stop(): void {
    for (const writer of this.#writers) writer.end()
  }

  #press(writer: Writer, act: Act, text: string): void {
    const { pane } = writer
    if (act.do === 'end') Object.assign(writer, { caret: pane.text.length, lost: false })
    else if (act.do === 'find') {
      const at = pane.text.lastIndexOf(act.text)
      writer.lost = at < 0
      if (at >= 0) writer.caret = act.side === 'before' ? at : at + act.text.length
    } else if (!writer.lost && act.do !== 'pause') {
      const deleted = act.do === 'erase' ? lastUnit(pane.text, writer.caret) : 0
      writer.mine = true
      pane.edit(writer.caret - deleted, deleted, text)
      writer.mine = false
      writer.caret += text.length - deleted
    }
  }
}

const TURN = 60

/**
 * A recorded trace: the panes take turns, one burst of typing each. A trace's offsets are into the one text it was
 * made in, so a turn passes only when the other pane has everything; while it has not, the same pane types on.
 */
export class TracePlayer implements Player {
  readonly #panes: readonly Pane[]
  readonly #trace: Trace
  #next = -1
  #turn = 0
  #left = TURN
  #mine = false
  /** Somebody else edited: the recorded end can no longer be reached exactly. */
  #disturbed = false
  #ends: (() => void)[] = []
  /** Code points and UTF-16 units agree as long as nothing outside the basic plane was typed. */
  #plain: boolean

  constructor(panes: readonly Pane[], trace: Trace) {
    this.#panes = panes
    this.#trace = trace
    this.#plain = !/[\ud800-\udfff]/.test(trace.start)
    panes.forEach((pane, index) => {
      const watch = () => {
        if (!this.#mine && index === this.#turn) this.#disturbed = true
      }
      pane.watchers.add(watch)
      this.#ends.push(() => pane.watchers.delete(watch))
    })
  }

  step(): number | null {
    if (this.#next >= this.#trace.edits.length) return null
    const pane = this.#pass()
    if (this.#next < 0) {
      if (this.#trace.start !== '') this.#edit(pane, 0, 0, this.#trace.start)
      this.#next = 0
      return 0
    }
    const [at, deleted, inserted] = this.#trace.edits[this.#next++] ?? [0, 0, '']
    const text = pane.text
    const from = Math.min(text.length, this.#offset(text, 0, at))
    const to = Math.min(text.length, this.#offset(text, from, deleted))
    if (this.#plain && /[\ud800-\udfff]/.test(inserted)) this.#plain = false
    this.#edit(pane, from, to - from, inserted)
    this.#left--
    return 40 + ((this.#next * 37) % 60)
  }

  report(): Report {
    const total = this.#trace.edits.length
    const done = Math.max(0, this.#next)
    if (done < total) return { done, total, note: this.#disturbed ? 'with your edits in between' : '' }
    if (this.#disturbed) return { done, total, note: 'Played to the end, with other edits in between.' }
    const ends = this.#panes.every((pane) => pane.text === this.#trace.end)
    const here = this.#panes[this.#turn]?.text === this.#trace.end
    const length = this.#trace.end.length.toLocaleString('en')
    return { done, total, note: ends ? `Both panes end exactly as recorded: ${length} characters.` : here ? `Ends exactly as recorded: ${length} characters; the other pane is catching up.` : 'The end differs from the recording.' }
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  #pass(): Pane {
    const now = this.#panes[this.#turn]!
    const other = this.#panes[1 - this.#turn]!
    if (this.#left <= 0 && other.live && now.live && other.text === now.text) {
      this.#turn = 1 - this.#turn
      this.#left = TURN
      return other
    }
    return now
  }

  #edit(pane: Pane, at: number, deleted: number, insert: string): void {
    this.#mine = true
    if (deleted > 0 || insert !== '') pane.edit(at, deleted, insert)
    this.#mine = false
  }

  /** The UTF-16 offset `count` code points after `from`. */
  #offset(text: string, from: number, count: number): number {
    if (this.#plain) return from + count
    let at = from
    for (let n = 0; n < count && at < text.length; n++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
    return at
  }
}

function mapped(offset: number, changes: readonly Change[], after: boolean): number {
  let shift = 0
  for (const { from, to, insert } of changes) {
    if (offset < from || (offset === from && !after)) break
    if (offset <= to) return from + shift + insert.length
    shift += insert.length - (to - from)
  }
  return offset + shift
}

/** Length of the code point before an offset. */
function lastUnit(text: string, offset: number): number {
  if (offset === 0) return 0
  return offset > 1 && /[\udc00-\udfff]/.test(text[offset - 1]!) && /[\ud800-\udbff]/.test(text[offset - 2]!) ? 2 : 1
}
