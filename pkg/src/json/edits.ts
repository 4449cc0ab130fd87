/** The edits of a draft: each changes the nodes and records one small op. */

import { RejoinError } from '../errors.js'
import { addSafely } from './counter.js'
import { Node, ObjectNode, valueOf, type ContainerNode, type Entry, type ListNode, type TextNode } from './nodes.js'
import type { Key } from './path.js'
import { become, recordRearranged } from './replace.js'
import { checkKey, type Value } from './value.js'

/**
 * Puts a value in the place of what is at `key`, which is there if `node` is a list.
 *
 * As in plain JavaScript, what was there is no longer part of the document, but for what the new value holds of it:
 * the drafts of items that a filtered list keeps go on. What is recorded is only where the two differ, so that what
 * others do to the rest meanwhile is not lost: see {@link become}.
 */
export function assign(node: ContainerNode, key: Key, value: Value): void {
  const entry = node.entry(key)
  if (entry === undefined) return insert(node, key, value)
  const path = [...node.path(), key]
  if (valueOf(entry) === value) return
  const now = become(node.recorder, path, entry, value)
  if (node instanceof ObjectNode) node.write(key as string, now)
  else (node as ListNode).write(key as number, 1, [now])
  detach(entry)
}

/** Inserts a value: an item before that index, or a key that was not there. */
export function insert(node: ContainerNode, key: Key, value: Value): void {
  const path = [...node.path(), key]
  write(node, key, 0, value)
  node.recorder.record(path, { i: value })
}

/** Removes a field. */
export function remove(node: ObjectNode, key: string): void {
  const path = [...node.path(), key]
  write(node, key, 1)
  node.recorder.record(path, { r: true })
}

/** Replaces a run of items, as one op; gives what was there. The run is in the list. */
export function splice(list: ListNode, at: number, count: number, values: readonly Value[]): Entry[] {
  const path = list.path()
  if (count === 0 && values.length === 0) return []
  const removed = list.write(at, count, values)
  removed.forEach(detach)
  list.recorder.build((op) => {
    for (let i = 0; i < Math.max(count, values.length); i++) {
      const value = values[i]
      op.add([...path, at + i], { ...(i < count && { r: true }), ...(value !== undefined && { i: value }) })
    }
  })
  return removed
}

/**
 * Moves a value. `toKey` is its key afterwards: in a list, its index when it is there.
 *
 * @throws {@link RejoinError} `path-not-found`, `path-occupied`, `invalid-path`.
 */
export function move(from: ContainerNode, fromKey: Key, to: ContainerNode, toKey: Key): void {
  const path = [...from.path(), fromKey]
  to.path()
  const entry = from.entry(fromKey)
  if (entry === undefined) throw new RejoinError('path-not-found', `there is nothing at ${String(fromKey)} to move`, { path })
  if (entry instanceof Node && entry.contains(to)) {
    throw new RejoinError('invalid-path', 'a value cannot be moved into itself', { path })
  }
  if (from === to && fromKey === toKey) return
  if (to instanceof ObjectNode) checkKey(toKey as string)
  checkFree(to, toKey, from === to)
  take(from, fromKey)
  write(to, toKey, 0, entry)
  const target = [...to.path(), toKey]
  from.recorder.build((op) => op.add(path, { p: 0 }).add(target, { d: 0 }))
}

/**
 * Adds to a counter.
 *
 * @throws {@link RejoinError} `wrong-type`, `unsafe-integer`.
 */
export function increment(node: ContainerNode, key: Key, by: number): void {
  const path = [...node.path(), key]
  const before = node.entry(key)
  const sum = addSafely(before === undefined ? undefined : valueOf(before), by)
  if (by === 0) return
  write(node, key, 1, sum)
  node.recorder.record(path, { ena: by })
}

/**
 * Reorders a list: the item that is at `order[i]` goes to `i`. What is in the longest run that keeps its order
 * stays; the others move, in one op.
 */
export function reorder(list: ListNode, order: readonly number[]): void {
  const path = list.path()
  const before = [...list.items]
  list.write(0, before.length, order.map((old) => before[old] as Entry))
  recordRearranged(list.recorder, path, before.length, order.map((old) => ({ old })))
}

/** Puts an entry (or none) in the place of `count` values at a key; what was there is detached. Records nothing. */
function write(node: ContainerNode, key: Key, count: 0 | 1, entry?: Entry): void {
  if (node instanceof ObjectNode) {
    const before = node.entry(key)
    if (before !== undefined) detach(before)
    node.write(key as string, entry)
  } else {
    ;(node as ListNode).write(key as number, count, entry === undefined ? [] : [entry]).forEach(detach)
  }
}

/** Takes an entry out, to be put elsewhere. */
function take(node: ContainerNode, key: Key): void {
  if (node instanceof ObjectNode) node.write(key as string, undefined)
  else (node as ListNode).write(key as number, 1, [])
}

function detach(entry: Entry): void {
  if (entry instanceof Node) entry.detach()
}

/**
 * Checks that a value can be put at a key without replacing one.
 *
 * @throws {@link RejoinError} `path-occupied`, `path-not-found`.
 */
export function checkFree(node: ContainerNode, key: Key, within = false): void {
  if (node instanceof ObjectNode) {
    if (node.entry(key) !== undefined) {
      throw new RejoinError('path-occupied', `there is a value at ${key} already: remove it first, or set it`, { key })
    }
    return
  }
  // Within one list, the item that moves does not count.
  const length = (node as ListNode).items.length - (within ? 1 : 0)
  if (!Number.isSafeInteger(key) || (key as number) < 0 || (key as number) > length) {
    throw new RejoinError('path-not-found', `index ${String(key)} is not in the list, nor at its end (${length})`, { key, length })
  }
}

/** Edits a string in place. */
export function editText(node: TextNode, text: string, op: readonly (number | string | { readonly d: number | string })[]): void {
  const path = node.path()
  node.write(text)
  node.recorder.record(path, { es: op })
}
