/** What a document holds, as the page sees it: its value, the edits of it, and the handles on its strings. */

import { composeChanges, minimalChange, type Change, type Changes } from '../changes.js'
import type { Unsubscribe } from '../emitter.js'
import { engine } from '../engine.js'
import { RejoinError } from '../errors.js'
import { addSafely } from './counter.js'
import { recordChange, type ChangeTools } from './draft.js'
import { opAt, opBelow, OpBuilder, type JsonOp } from './op.js'
import { applyPatches, type Patch } from './patches.js'
import { findPlace, findValue, toPointer, type Path, type PathLike } from './path.js'
import type { SchemaCheck } from './schema.js'
import { nextTo, resolveSteps, samePath, valueAt, type Step } from './steps.js'
import { TextPlace, type TextHost } from './text-place.js'
import { describe, freezeValue, isList, MAX_DEPTH, sameValue, shareEqual, toValue, type Value } from './value.js'

/** What happened to a document, as its session tells: edits of a root string, or steps of any kind. */
export type Happened = { readonly changes: Changes } | { readonly steps: readonly Step[] }

/** What a change event says of a document's value. */
export interface ContentChange {
  readonly patches: readonly Patch[]
  readonly changes: Changes
  readonly origin: 'local' | 'remote'
  readonly source: unknown
}

/** Where the content is kept and edited: the session. It tells of every edit, own ones at once. */
export interface ContentStore {
  value(): Value | undefined
  /** The root string. @throws {@link RejoinError} `does-not-fit` when the root is none. */
  text(): string
  /** The root string's length. @throws as {@link text}. */
  readonly length: number
  editOps(ops: readonly JsonOp[], source: unknown): void
  previewOps(ops: readonly JsonOp[]): readonly Step[]
  editText(path: Path, changes: Changes, source: unknown): void
}

/** What the content needs of its document. */
export interface ContentHost {
  /** Whether anybody listens to `change` events. */
  readonly heard: boolean
  /** Tells these in turn, once what is on its way has been told. */
  tell(events: readonly (() => void)[]): void
  /** Emits the `change` event. */
  changed(event: ContentChange): void
  onThrow(thrown: unknown): void
}

/** The content of one open document. */
export class Content implements TextHost {
  readonly #store: ContentStore
  readonly #host: ContentHost
  readonly #schema: SchemaCheck | undefined
  /** The value, if it is known; kept up to date then, but for a root string, which is read again when it is asked for. */
  #known: { readonly value: Value | undefined } | undefined
  /** The length of a root string, while its handle lives: enough to tell of its replacement without having kept it. */
  #rootLength = 0
  /** Whether a change function runs. */
  #changing = false
  readonly #subscribers = new Set<{ readonly notify: () => void }>()
  #root: TextPlace | undefined
  /** The handles on strings inside. Those that nobody holds any more need not be followed. */
  #places: WeakRef<TextPlace>[] = []
  /** Those that somebody listens to, who need not hold them. */
  readonly #watched = new Set<TextPlace>()

  constructor(store: ContentStore, host: ContentHost, schema: SchemaCheck | undefined) {
    this.#store = store
    this.#host = host
    this.#schema = schema
  }

  /** The value as it is now: the same object until it changes. Cost: linear when first asked for, constant after. */
  get value(): Value | undefined {
    this.#known ??= { value: this.#read() }
    return this.#known.value
  }

  subscribe(notify: () => void): Unsubscribe {
    this.watch()
    // A fresh object, so that one function can be subscribed twice and each ended on its own.
    const entry = { notify }
    this.#subscribers.add(entry)
    return () => void this.#subscribers.delete(entry)
  }

  /** Somebody is about to listen to changes: from now on the value is kept up to date, to tell from what it was. */
  watch(): void {
    try {
      if (!this.#isText()) void this.value
    } catch {
      // The engine is down, or the document closed: what comes then is told as one replacement.
    }
  }

  change(run: (draft: never, tools: ChangeTools) => unknown, source: unknown): void {
    this.#checkIdle()
    const before = this.value
    this.#changing = true
    let recorded: ReturnType<typeof recordChange>
    try {
      recorded = recordChange(before, run)
    } finally {
      this.#changing = false
    }
    this.#edit(recorded.ops, () => recorded.after, source)
  }

  set(path: PathLike, input: unknown, source: unknown): void {
    this.#checkIdle()
    const after = toValue(input)
    const place = findPlace(this.value, path)
    if (place.value === undefined) return this.insert(place.path, after, source)
    if (sameValue(place.value, after)) return
    const op = opBelow(place.path, engine().jsonDiff(place.value, after))
    this.#edit([op], () => this.#after([{ op: 'replace', path: place.path, value: after }]), source)
  }

  insert(path: PathLike, input: unknown, source: unknown): void {
    this.#checkIdle()
    const value = toValue(input)
    const place = findPlace(this.value, path)
    checkFree(place.container, place.path, place.value)
    this.#edit([opAt(place.path, { i: value })], () => this.#after([{ op: 'add', path: place.path, value }]), source)
  }

  remove(path: PathLike, count: number, source: unknown): void {
    this.#checkIdle()
    const place = findValue(this.value, path)
    const most = isList(place.container) ? place.container.length - (place.path.at(-1) as number) : 1
    if (!Number.isSafeInteger(count) || count < 0 || count > most) {
      throw new RejoinError('invalid-argument', `there are ${most} to remove from ${toPointer(place.path)} on, not ${String(count)}`, {
        argument: 'count',
        count,
        most,
      })
    }
    const paths = Array.from({ length: count }, (_, i) => nextTo(place.path, i))
    const op = new OpBuilder()
    for (const each of paths) op.add(each, { r: true })
    this.#edit([op.build()], () => this.#after(paths.reverse().map((each) => ({ op: 'remove', path: each }))), source)
  }

  move(from: PathLike, to: PathLike, source: unknown): void {
    this.#checkIdle()
    const { path, value } = findValue(this.value, from)
    const without = this.#after([{ op: 'remove', path }])
    const target = findPlace(without, to)
    if (samePath(path, target.path)) return
    checkFree(target.container, target.path, target.value)
    const op = new OpBuilder().add(path, { p: 0 }).add(target.path, { d: 0 }).build()
    this.#edit([op], () => applyPatches(without, [{ op: 'add', path: target.path, value }]), source)
  }

  increment(path: PathLike, by: number, source: unknown): void {
    this.#checkIdle()
    const place = findValue(this.value, path)
    const sum = addSafely(place.value, by)
    if (by === 0) return
    this.#edit([opAt(place.path, { ena: by })], () => this.#after([{ op: 'replace', path: place.path, value: sum }]), source)
  }

  submitOp(op: JsonOp, source: unknown): void {
    this.#checkIdle()
    if (op !== null && !Array.isArray(op)) throw new RejoinError('malformed-op', 'an op is null or an array', { op })
    // An op branches off as often as its paths are long, and carries values.
    const checked = toValue(op, undefined, 3 * MAX_DEPTH) as JsonOp
    this.#edit([checked], () => resolveSteps(this.value, this.#store.previewOps([checked])).after, source)
  }

  /** The place of the string at a path. */
  textAt(path: PathLike): TextPlace {
    if (path.length === 0) return this.#rootText()
    const place = findValue(this.value, path)
    if (typeof place.value !== 'string') throw noText(place.path, place.value)
    const known = this.#livePlaces().find((live) => samePath(live.path, place.path))
    if (known !== undefined) return known
    const made = new TextPlace(place.path, this, (thrown) => this.#host.onThrow(thrown))
    this.#places.push(new WeakRef(made))
    return made
  }

  text(path: Path): string | undefined {
    if (path.length === 0) return this.#store.text()
    const text = valueAt(this.value, path)
    return typeof text === 'string' ? text : undefined
  }

  textLength(path: Path): number | undefined {
    return path.length === 0 ? this.#store.length : this.text(path)?.length
  }

  editText(path: Path, changes: readonly Change[], source: unknown): void {
    this.#checkIdle()
    this.#schema?.check(this.value, this.#after([{ op: 'text', path, changes }]))
    this.#store.editText(path, changes, source)
  }

  watched(place: TextPlace, any: boolean): void {
    if (any) this.#watched.add(place)
    else this.#watched.delete(place)
  }

  /** The session tells what happened. */
  happened(what: readonly Happened[], origin: 'local' | 'remote', source: unknown): void {
    const texts = what.flatMap((each) => ('changes' in each ? [each.changes] : []))
    if (texts.length === what.length) this.#textChanged(texts.reduce(composeChanges, []), { origin, source })
    else this.#changed(what.flatMap(asSteps), { origin, source })
  }

  /** The engine was restored: what did not change keeps its identity. */
  restarted(): void {
    if (this.#known === undefined) return
    const value = this.#read()
    this.#known = { value: value === undefined ? undefined : shareEqual(this.#known.value, value) }
    this.#host.tell(this.#notices())
  }

  /** An edit of a root string: the string itself is not read for it. */
  #textChanged(changes: Changes, by: { origin: 'local' | 'remote'; source: unknown }): void {
    if (changes.length === 0) return
    this.#known = undefined
    const root = this.#root
    for (const { from, to, insert } of changes) this.#rootLength += insert.length - (to - from)
    const events = root === undefined ? [] : [() => root.tell({ changes, ...by })]
    this.#tell({ patches: [{ op: 'text', path: [], changes }], changes, ...by }, events)
  }

  #changed(steps: readonly Step[], by: { origin: 'local' | 'remote'; source: unknown }): void {
    if (steps.length === 0) return
    const before = this.#known
    if (before === undefined) return this.#replaced(by)
    const { patches, after } = resolveSteps(before.value, steps)
    this.#known = { value: after }
    const events = this.#livePlaces().flatMap((place) => {
      const text = place.path && valueAt(before.value, place.path)
      return place.follow(text, steps, by) ?? []
    })
    if (this.#root?.path === undefined) this.#root = undefined
    else if (typeof after === 'string') this.#rootLength = after.length
    this.#tell({ patches, changes: rootChanges(before.value, after), ...by }, events)
  }

  /** All at once, so that what listeners do in answer is told after it. */
  #tell(change: ContentChange, texts: readonly (() => void)[]): void {
    const events = this.#host.heard ? [() => this.#host.changed(change)] : []
    this.#host.tell([...events, ...texts, ...this.#notices()])
  }

  /** Something happened to a value that is not known: a root string, or one that nobody asked for. */
  #replaced(by: { origin: 'local' | 'remote'; source: unknown }): void {
    const root = this.#root
    if (root === undefined && !this.#host.heard && this.#subscribers.size === 0) return
    const after = this.value
    const changes = root !== undefined && typeof after === 'string' ? [{ from: 0, to: this.#rootLength, insert: after }] : []
    const step = { op: 'replace', path: [], value: after ?? null } as const
    const event = root?.follow('', [step], by)
    const tells = changes.length > 0 ? [() => root?.tell({ changes, ...by })] : event === undefined ? [] : [event]
    if (root?.path === undefined) this.#root = undefined
    this.#rootLength = typeof after === 'string' ? after.length : 0
    this.#tell({ patches: [after === undefined ? { op: 'remove', path: [] } : step], changes, ...by }, tells)
  }

  /** Checks what an edit comes to, and makes it. */
  #edit(ops: readonly JsonOp[], after: () => Value | undefined, source: unknown): void {
    const made = ops.filter((op) => op !== null)
    if (made.length === 0) return
    this.#schema?.check(this.value, after())
    this.#store.editOps(made, source)
  }

  #after(patches: readonly Patch[]): Value | undefined {
    return applyPatches(this.value, patches)
  }

  #read(): Value | undefined {
    const value = this.#isText() ? this.#store.text() : this.#store.value()
    return value === undefined ? undefined : freezeValue(value)
  }

  #isText(): boolean {
    try {
      return this.#store.length >= 0
    } catch (thrown) {
      if (thrown instanceof RejoinError && thrown.code === 'does-not-fit') return false
      throw thrown
    }
  }

  #rootText(): TextPlace {
    if (this.#root === undefined) {
      if (!this.#isText()) throw noText([], this.value)
      this.#root = new TextPlace([], this, (thrown) => this.#host.onThrow(thrown))
      this.#rootLength = this.#store.length
    }
    return this.#root
  }

  #livePlaces(): TextPlace[] {
    const live = new Set(this.#watched)
    this.#places = this.#places.filter((ref) => {
      const place = ref.deref()
      if (place?.path === undefined) return false
      live.add(place)
      return true
    })
    if (this.#root !== undefined) live.add(this.#root)
    return [...live]
  }

  #notices(): (() => void)[] {
    return [...this.#subscribers].map((subscriber) => () => {
      try {
        if (this.#subscribers.has(subscriber)) subscriber.notify()
      } catch (thrown) {
        this.#host.onThrow(thrown)
      }
    })
  }

  #checkIdle(): void {
    if (this.#changing) {
      throw new RejoinError('nested-change', 'inside change() the document is edited by its draft only: use the draft, or edit afterwards')
    }
  }
}

function asSteps(what: Happened): readonly Step[] {
  return 'steps' in what ? what.steps : [{ op: 'text', path: [], changes: what.changes }]
}

/** What happened to a root string that was replaced as a whole. */
function rootChanges(before: Value | undefined, after: Value | undefined): Changes {
  const change = typeof before === 'string' && typeof after === 'string' ? minimalChange(before, after) : undefined
  return change === undefined ? [] : [change]
}

function checkFree(container: Value | undefined, path: Path, value: Value | undefined): void {
  if (isList(container)) {
    if ((path.at(-1) as number) <= container.length) return
    throw new RejoinError('path-not-found', `${toPointer(path)} is past the end of a list of ${container.length}`, {
      path,
      length: container.length,
    })
  }
  if (value !== undefined) {
    throw new RejoinError('path-occupied', `there is a value at ${toPointer(path) || 'the root'} already: remove it first, or set it`, { path })
  }
}

function noText(path: Path, value: Value | undefined): RejoinError {
  return new RejoinError('wrong-type', `there is no string at ${toPointer(path) || 'the root'}, but ${describe(value)}`, { path })
}
