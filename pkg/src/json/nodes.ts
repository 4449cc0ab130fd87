/**
 * What a change is made on: the values it has touched, as nodes that know their place.
 *
 * A value becomes a node when a draft of it is asked for; until then its container holds the value itself. A node
 * keeps its identity when its neighbours shift, and its path is worked out only when an op is recorded.
 *
 * ```text
 * attached ──── removed, or replaced ────▶ detached: reads go on, writes throw `value-removed`
 * ```
 */

import { RejoinError } from '../errors.js'
import { OpBuilder, opAt, type JsonComponent, type JsonOp } from './op.js'
import type { Key, Path } from './path.js'
import { isContainer, isList, type Fields, type List, type Value } from './value.js'

/** What a container holds: values, and nodes in place of those that were touched. */
export type Entry = Value | Node

/** Records the ops of one change. */
export class Recorder {
  /** The recorded ops, each made on the state after the one before. */
  readonly ops: JsonOp[] = []
  readonly root: ContainerNode
  /** Makes what a page holds of a container. */
  readonly makeDraft: (node: ContainerNode) => object
  #ended = false

  constructor(root: List | Fields, makeDraft: (node: ContainerNode) => object) {
    this.root = containerNode(this, root)
    this.makeDraft = makeDraft
  }

  /** The change is over: drafts that outlive it can do no harm. */
  end(): void {
    this.#ended = true
  }

  /** @throws {@link RejoinError} `draft-ended`. */
  checkRunning(): void {
    if (this.#ended) {
      throw new RejoinError('draft-ended', 'this draft was for use inside change() only: read doc.value, or start another change')
    }
  }

  record(path: Path, component: JsonComponent): void {
    this.ops.push(opAt(path, component))
  }

  build(fill: (op: OpBuilder) => void): void {
    const op = new OpBuilder()
    fill(op)
    const built = op.build()
    if (built !== null) this.ops.push(built)
  }
}

/** A touched value. */
export abstract class Node {
  readonly recorder: Recorder
  /** The container it is in; none for the root, and for what was removed. */
  parent: ContainerNode | undefined
  /** Its key there. In lists a hint: where it was last found. */
  key: Key

  constructor(recorder: Recorder, parent: ContainerNode | undefined, key: Key) {
    this.recorder = recorder
    this.parent = parent
    this.key = key
  }

  /** Its value as it is now, frozen. Cost: linear in what changed since the last time. */
  abstract snapshot(): Value

  /**
   * Its path as it is now.
   *
   * @throws {@link RejoinError} `value-removed`, `draft-ended`.
   */
  path(): Key[] {
    this.recorder.checkRunning()
    const path: Key[] = []
    let at: Node = this
    for (let parent = at.parent; parent !== undefined; parent = at.parent) {
      path.push(parent.keyOf(at))
      at = parent
    }
    if (at !== this.recorder.root) {
      throw new RejoinError(
        'value-removed',
        'this value was removed from the document, or replaced, by this change; what was assigned elsewhere is a copy: use move()',
      )
    }
    return path.reverse()
  }

  /** Whether `other` is this node, or inside it. */
  contains(other: Node): boolean {
    for (let at: Node | undefined = other; at !== undefined; at = at.parent) if (at === this) return true
    return false
  }

  detach(): void {
    this.parent = undefined
  }
}

/** A touched container. */
export abstract class ContainerNode extends Node {
  /** The value as it is now; none while something in it has changed since. If there is none here, there is none above. */
  protected frozen: Value | undefined
  /** What the page holds of it, once it was asked for. */
  draft: object | undefined

  /** What is at a key now. */
  abstract entry(key: Key): Entry | undefined
  /** Puts a node in place of the value that it stands for. */
  abstract put(key: Key, node: Node): void
  /** A node's key now. */
  abstract keyOf(node: Node): Key
  protected abstract freeze(): Value

  snapshot(): Value {
    return (this.frozen ??= this.freeze())
  }

  /** The node at a key; none where there is no value, or one without a node of its own. */
  node(key: Key): Node | undefined {
    const entry = this.entry(key)
    if (entry instanceof Node) return entry
    if (!isContainer(entry)) return undefined
    const made = containerNode(this.recorder, entry, this, key)
    this.put(key, made)
    return made
  }

  /** The node of the string at a key, so that it can be followed; none where there is no string. */
  textNode(key: Key): TextNode | undefined {
    const entry = this.entry(key)
    if (entry instanceof TextNode) return entry
    if (typeof entry !== 'string') return undefined
    const made = new TextNode(this.recorder, this, key, entry)
    this.put(key, made)
    return made
  }

  /** Something in it changes. */
  touch(): void {
    for (let at: ContainerNode | undefined = this; at?.frozen !== undefined; at = at.parent) at.frozen = undefined
  }
}

/** A touched object. */
export class ObjectNode extends ContainerNode {
  readonly #base: Fields
  #copy: Record<string, Entry> | undefined

  constructor(recorder: Recorder, base: Fields, parent: ContainerNode | undefined, key: Key) {
    super(recorder, parent, key)
    this.#base = base
    this.frozen = base
  }

  get fields(): { readonly [key: string]: Entry } {
    return this.#copy ?? this.#base
  }

  entry(key: Key): Entry | undefined {
    const { fields } = this
    return typeof key === 'string' && Object.hasOwn(fields, key) ? fields[key] : undefined
  }

  keyOf(node: Node): Key {
    return node.key
  }

  /** Sets a field, or with `undefined` deletes it. Records nothing. */
  write(key: string, entry: Entry | undefined): void {
    this.touch()
    const fields = (this.#copy ??= { ...this.#base })
    if (entry === undefined) delete fields[key]
    else fields[key] = entry
    adopt(this, key, entry)
  }

  put(key: Key, node: Node): void {
    ;(this.#copy ??= { ...this.#base })[key] = node
    adopt(this, key, node)
  }

  protected freeze(): Value {
    const fields: Record<string, Value> = {}
    for (const key of Object.keys(this.fields)) fields[key] = valueOf(this.fields[key] as Entry)
    return Object.freeze(fields)
  }
}

/** A touched list. */
export class ListNode extends ContainerNode {
  readonly #base: List
  #copy: Entry[] | undefined

  constructor(recorder: Recorder, base: List, parent: ContainerNode | undefined, key: Key) {
    super(recorder, parent, key)
    this.#base = base
    this.frozen = base
  }

  get items(): readonly Entry[] {
    return this.#copy ?? this.#base
  }

  entry(key: Key): Entry | undefined {
    return typeof key === 'number' ? this.items[key] : undefined
  }

  keyOf(node: Node): Key {
    if (this.items[node.key as number] !== node) node.key = this.items.indexOf(node)
    return node.key
  }

  /** Replaces `count` items from `at` on. Records nothing. Gives what was there. */
  write(at: number, count: number, entries: readonly Entry[]): Entry[] {
    this.touch()
    const items = (this.#copy ??= this.#base.slice())
    entries.forEach((entry, i) => adopt(this, at + i, entry))
    // Spreading hundreds of thousands of arguments overflows the stack.
    if (entries.length < 10_000) return items.splice(at, count, ...entries)
    const rest = items.splice(at)
    for (const entry of entries) items.push(entry)
    for (let i = count; i < rest.length; i++) items.push(rest[i] as Entry)
    return rest.slice(0, count)
  }

  put(key: Key, node: Node): void {
    ;(this.#copy ??= this.#base.slice())[key as number] = node
    adopt(this, key, node)
  }

  protected freeze(): Value {
    return Object.freeze(this.items.map(valueOf))
  }
}

/** A touched string. */
export class TextNode extends Node {
  #text: string

  constructor(recorder: Recorder, parent: ContainerNode, key: Key, text: string) {
    super(recorder, parent, key)
    this.#text = text
  }

  get text(): string {
    return this.#text
  }

  /** Records nothing. */
  write(text: string): void {
    this.parent?.touch()
    this.#text = text
  }

  snapshot(): string {
    return this.#text
  }
}

/** The value of an entry as it is now. */
export function valueOf(entry: Entry): Value {
  return entry instanceof Node ? entry.snapshot() : entry
}

function adopt(parent: ContainerNode, key: Key, entry: Entry | undefined): void {
  if (!(entry instanceof Node)) return
  entry.parent = parent
  entry.key = key
}

/** A node of its own for a new object that holds nodes: what they stand for is in `value` already. */
export function objectNode(recorder: Recorder, value: Fields, nodes: readonly (readonly [string, Node])[]): ObjectNode {
  const made = new ObjectNode(recorder, value, undefined, '')
  for (const [key, node] of nodes) made.put(key, node)
  return made
}

/** A node of its own for a new list that holds nodes: what they stand for is in `value` already. */
export function listNode(recorder: Recorder, value: List, nodes: readonly (readonly [number, Node])[]): ListNode {
  const made = new ListNode(recorder, value, undefined, '')
  for (const [index, node] of nodes) made.put(index, node)
  return made
}

function containerNode(recorder: Recorder, base: List | Fields, parent?: ContainerNode, key: Key = ''): ContainerNode {
  return isList(base) ? new ListNode(recorder, base, parent, key) : new ObjectNode(recorder, base, parent, key)
}
