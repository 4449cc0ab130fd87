/**
 * Drafts: what `doc.change` gives to write on. They look like plain objects and arrays, and every write is
 * recorded as the small op that it is.
 */

import { RejoinError } from '../errors.js'
import { assign, checkFree, increment, insert, move, remove } from './edits.js'
import { listMethod, setLength } from './draft-list.js'
import { DraftText } from './draft-text.js'
import { ListNode, Node, ObjectNode, Recorder, type ContainerNode } from './nodes.js'
import type { JsonOp } from './op.js'
import type { Key } from './path.js'
import { draftOf, given, nodeBehind, read } from './shown.js'
import { checkKey, describe, isContainer, type Value } from './value.js'

/** What a page writes on: `T` without `readonly`. */
export type Draft<T> = T extends null | undefined | boolean | number | string ? T : { -readonly [K in keyof T]: Draft<T[K]> }

/**
 * What a change can do beside plain assignment; the second argument of the function given to `doc.change`.
 * Each takes a draft of a container and a key in it, since strings and numbers have no drafts.
 */
export interface ChangeTools {
  /**
   * The string under a key, to be edited in place. Assigning a string replaces it: of two people who assign,
   * one wins. Editing it as text keeps what both wrote.
   *
   * @throws {@link RejoinError} `wrong-type` when there is no string.
   * @example
   * doc.change((board, { text }) => text(board.cards[0], 'notes').insert(0, 'Urgent: '))
   */
  text(container: object, key: Key): DraftText
  /**
   * Moves a value, so that what others do to it meanwhile goes with it. `toKey` is its key when it is there;
   * in a list that it only changes its place in, the index it ends up at.
   *
   * @throws {@link RejoinError} `path-not-found`, `path-occupied` when there is a value already, `invalid-path`
   *   when it would go into itself.
   * @example
   * doc.change((board, { move }) => move(board.todo, 2, board.done, 0))
   */
  move(from: object, fromKey: Key, to: object, toKey: Key): void
  /**
   * Adds to a counter, so that what others add counts too. Integers only.
   *
   * @throws {@link RejoinError} `wrong-type` when it is no number, `unsafe-integer`.
   * @example
   * doc.change((board, { increment }) => increment(board.cards[0], 'votes'))
   */
  increment(container: object, key: Key, by?: number): void
}

/**
 * Runs a change on a value and gives the ops it recorded; the value stays as it is. If `run` throws, so does this.
 *
 * @throws {@link RejoinError} `wrong-type` when the value has no children to write on; `async-change` when `run` is
 *   asynchronous: it would go on writing after the change is over.
 */
export function recordChange(value: Value | undefined, run: (draft: never, tools: ChangeTools) => unknown): {
  readonly ops: readonly JsonOp[]
  /** The value after, sharing what did not change. */
  readonly after: Value | undefined
} {
  if (!isContainer(value)) {
    throw new RejoinError('wrong-type', `only objects and lists can be changed by a draft, and the document is ${describe(value)}: use set() or text()`)
  }
  const recorder = new Recorder(value, makeDraft)
  try {
    const result = run(draftOf(recorder.root) as never, TOOLS)
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
      // Its drafts have ended; that it trips over them is no news.
      Promise.resolve(result as PromiseLike<unknown>).catch(() => {})
      throw new RejoinError('async-change', 'a change function has to be synchronous: await before it, not in it')
    }
    return { ops: recorder.ops, after: recorder.root.snapshot() }
  } finally {
    recorder.end()
  }
}

const TOOLS: ChangeTools = Object.freeze({
  text(container, key) {
    const node = nodeOf('container', container)
    const text = node.textNode(key)
    if (text === undefined) throw wrongType('text', node, key)
    return new DraftText(text)
  },
  move(from, fromKey, to, toKey) {
    move(nodeOf('from', from), fromKey, nodeOf('to', to), toKey)
  },
  increment(container, key, by = 1) {
    increment(nodeOf('container', container), key, by)
  },
} satisfies ChangeTools)

function wrongType(what: string, node: ContainerNode, key: Key): RejoinError {
  const entry = node.entry(key)
  const found = entry instanceof Node ? 'a container' : describe(entry)
  return new RejoinError('wrong-type', `${what} needs a string at ${String(key)}, and there is ${found}`, { key })
}

function nodeOf(argument: string, draft: unknown): ContainerNode {
  const node = nodeBehind(draft)
  if (node === undefined) {
    throw new RejoinError('invalid-argument', `${argument} is to be the draft of an object or a list`, { argument })
  }
  node.recorder.checkRunning()
  return node
}

function makeDraft(node: ContainerNode): object {
  return node instanceof ListNode ? new Proxy([], new ListTraps(node)) : new Proxy({}, new ObjectTraps(node as ObjectNode))
}

/** What drafts of objects and lists have in common. A trap throws, rather than give false, to say why. */
abstract class Traps implements ProxyHandler<object> {
  defineProperty(): never {
    throw new RejoinError('invalid-argument', 'a draft takes plain assignments: there are no property descriptors in JSON')
  }

  setPrototypeOf(): never {
    throw new RejoinError('invalid-argument', 'a draft has no prototype to be set')
  }

  preventExtensions(): never {
    throw new RejoinError('invalid-argument', 'a draft cannot be frozen: it is for writing, and the document is frozen already')
  }
}

class ObjectTraps extends Traps {
  readonly #node: ObjectNode

  constructor(node: ObjectNode) {
    super()
    this.#node = node
  }

  get(target: object, key: string | symbol): unknown {
    this.#node.recorder.checkRunning()
    if (typeof key === 'string' && this.#node.entry(key) !== undefined) return read(this.#node, key)
    return Reflect.get(target, key) as unknown
  }

  set(_: object, key: string | symbol, value: unknown): boolean {
    checkNoSymbol(key)
    checkKey(key)
    if (value === undefined) return this.deleteProperty(_, key)
    const was = this.#node.entry(key)
    const now = given(value)
    this.#node.path()
    if (was === undefined) insert(this.#node, key, now)
    else assign(this.#node, key, now)
    return true
  }

  deleteProperty(_: object, key: string | symbol): boolean {
    checkNoSymbol(key)
    this.#node.path()
    if (this.#node.entry(key) !== undefined) remove(this.#node, key)
    return true
  }

  has(target: object, key: string | symbol): boolean {
    this.#node.recorder.checkRunning()
    return (typeof key === 'string' && this.#node.entry(key) !== undefined) || Reflect.has(target, key)
  }

  ownKeys(): string[] {
    this.#node.recorder.checkRunning()
    return Object.keys(this.#node.fields)
  }

  getOwnPropertyDescriptor(_: object, key: string | symbol): PropertyDescriptor | undefined {
    if (typeof key === 'symbol' || this.#node.entry(key) === undefined) return undefined
    return { value: this.get(_, key), writable: true, enumerable: true, configurable: true }
  }
}

class ListTraps extends Traps {
  readonly #node: ListNode

  constructor(node: ListNode) {
    super()
    this.#node = node
  }

  get(target: object, key: string | symbol): unknown {
    this.#node.recorder.checkRunning()
    if (typeof key === 'symbol') return Reflect.get(target, key) as unknown
    const index = indexOf(key)
    if (index !== undefined) return read(this.#node, index)
    if (key === 'length') return this.#node.items.length
    return listMethod(this.#node, key) ?? (Reflect.get(target, key) as unknown)
  }

  set(_: object, key: string | symbol, value: unknown): boolean {
    checkNoSymbol(key)
    if (key === 'length') {
      setLength(this.#node, value)
      return true
    }
    const index = indexOf(key)
    if (index === undefined) throw new RejoinError('invalid-argument', `${key} is no index of a list`, { key })
    const now = given(value)
    this.#node.path()
    if (index < this.#node.items.length) assign(this.#node, index, now)
    else {
      checkFree(this.#node, index)
      insert(this.#node, index, now)
    }
    return true
  }

  deleteProperty(_: object, key: string | symbol): boolean {
    throw new RejoinError('invalid-argument', `deleting item ${String(key)} would leave a hole, and JSON has none: use splice()`, { key })
  }

  has(target: object, key: string | symbol): boolean {
    this.#node.recorder.checkRunning()
    const index = typeof key === 'string' ? indexOf(key) : undefined
    return index === undefined ? Reflect.has(target, key) : index < this.#node.items.length
  }

  ownKeys(): string[] {
    this.#node.recorder.checkRunning()
    return [...Array.from(this.#node.items.keys(), String), 'length']
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (key === 'length') return { value: this.#node.items.length, writable: true, enumerable: false, configurable: false }
    const index = typeof key === 'string' ? indexOf(key) : undefined
    if (index === undefined || index >= this.#node.items.length) return undefined
    return { value: this.get(target, key), writable: true, enumerable: true, configurable: true }
  }
}

function checkNoSymbol(key: string | symbol): asserts key is string {
  if (typeof key === 'symbol') throw new RejoinError('invalid-argument', 'a symbol is no key of JSON', { key: String(key) })
}

/** The index that a property name is, if it is one. */
function indexOf(key: string): number | undefined {
  const index = Number(key)
  return Number.isSafeInteger(index) && index >= 0 && String(index) === key ? index : undefined
}
