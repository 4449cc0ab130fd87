/** Replacing one value by another with small ops. */

import { listNode, ListNode, Node, ObjectNode, objectNode, valueOf, type Entry, type Recorder } from './nodes.js'
import { longestAscending } from './order.js'
import type { Path } from './path.js'
import { canonicalText, isContainer, isList, sameValue, type Fields, type List, type Value } from './value.js'

/**
 * Records what turns `entry`, which is at `path`, into `value`, and gives the entry to be put in its place.
 *
 * Objects are changed key by key and lists item by item; a string or number that differs is replaced. Nodes go on
 * where `value` holds them, or what they stand for, in the same place.
 *
 * Cost: linear in the two values, times their depth.
 */
export function become(recorder: Recorder, path: Path, entry: Entry, value: Value): Entry {
  const before = valueOf(entry)
  if (before === value) return entry
  if (isContainer(before) && isContainer(value)) {
    if (isList(before) && isList(value)) return becomeList(recorder, path, entry, value)
    if (!isList(before) && !isList(value)) return becomeObject(recorder, path, entry, value)
  }
  recorder.record(path, { r: true, i: value })
  return value
}

function becomeObject(recorder: Recorder, path: Path, entry: Entry, value: Fields): Entry {
  const before = entry instanceof ObjectNode ? entry.fields : (entry as Fields)
  for (const key of Object.keys(before)) if (!Object.hasOwn(value, key)) recorder.record([...path, key], { r: true })
  const nodes: [string, Node][] = []
  for (const key of Object.keys(value)) {
    const to = value[key] as Value
    if (!Object.hasOwn(before, key)) {
      recorder.record([...path, key], { i: to })
      continue
    }
    const now = become(recorder, [...path, key], before[key] as Entry, to)
    if (now instanceof Node) nodes.push([key, now])
  }
  return nodes.length === 0 ? value : objectNode(recorder, value, nodes)
}

function becomeList(recorder: Recorder, path: Path, entry: Entry, value: List): Entry {
  const before = entry instanceof ListNode ? entry.items : (entry as List)
  const sources = matchItems(before.map(valueOf), value)
  recordRearranged(recorder, path, before.length, sources)
  const nodes: [number, Node][] = []
  sources.forEach((source, index) => {
    if (!('old' in source)) return
    const item = before[source.old] as Entry
    const to = value[index] as Value
    const now = item === to ? item : become(recorder, [...path, index], item, to)
    if (now instanceof Node) nodes.push([index, now])
  })
  return nodes.length === 0 ? value : listNode(recorder, value, nodes)
}

/** Where an item of a rearranged list comes from: an index before, or a new value. */
export type Source = { readonly old: number } | { readonly value: Value }

/**
 * Records, as one op, what makes a list of `length` items one of kept items, each at most once, and new ones. What is
 * not kept is removed; as few move as can be.
 */
export function recordRearranged(recorder: Recorder, path: Path, length: number, sources: readonly Source[]): void {
  const kept = sources.flatMap((source, now) => ('old' in source ? [{ old: source.old, now }] : []))
  const stays = new Set(longestAscending(kept.map(({ old }) => old)))
  const goes = new Set(Array(length).keys())
  for (const { old } of kept) goes.delete(old)
  recorder.build((op) => {
    for (const old of goes) op.add([...path, old], { r: true })
    let slot = 0
    kept.forEach(({ old, now }, position) => {
      if (stays.has(position)) return
      op.add([...path, old], { p: slot }).add([...path, now], { d: slot })
      slot++
    })
    sources.forEach((source, now) => {
      if ('value' in source) op.add([...path, now], { i: source.value })
    })
  })
}

/**
 * Which items of `after` are items of `before`: first those that are the same value (a draft of an item, kept
 * or moved by the page), then those that are equal. Where between two neighbours that are matched there are as
 * many new items as items gone, all of one kind, they are taken to be edited ones.
 */
function matchItems(before: List, after: List): Source[] {
  const old = matchEqual(before, after)
  const matched = new Set(old)
  const gone = (index: number) => index < before.length && !matched.has(index)
  for (let start = 0; start < after.length; start++) {
    if (old[start] !== undefined) continue
    let end = start
    while (end < after.length && old[end] === undefined) end++
    const shift = (start === 0 ? 0 : (old[start - 1] as number) + 1) - start
    let edited = !gone(end + shift)
    for (let now = start; edited && now < end; now++) edited = gone(now + shift) && alike(before[now + shift], after[now])
    for (let now = start; edited && now < end; now++) {
      old[now] = now + shift
      matched.add(now + shift)
    }
    start = end
  }
  return after.map((value, now) => (old[now] === undefined ? { value } : { old: old[now] }))
}

/** Whether two values are both lists, or both objects. */
function alike(a: Value | undefined, b: Value | undefined): boolean {
  return isContainer(a) && isContainer(b) && isList(a) === isList(b)
}

/** For each item of `after`, the index of the same or an equal one in `before`. */
function matchEqual(before: List, after: List): (number | undefined)[] {
  const old = new Array<number | undefined>(after.length).fill(undefined)
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && sameValue(before[head], after[head])) old[head] = head++
  let tail = 0
  while (tail < shorter - head && sameValue(before[before.length - 1 - tail], after[after.length - 1 - tail])) {
    tail++
    old[after.length - tail] = before.length - tail
  }
  const taken = new Set<number>()
  // By identity first: two equal items that changed places are told apart.
  for (const tag of [identity, equality]) {
    const at = new Map<unknown, number[]>()
    for (let i = before.length - tail - 1; i >= head; i--) {
      if (taken.has(i)) continue
      const key = tag(before[i] as Value)
      const queue = at.get(key)
      if (queue === undefined) at.set(key, [i])
      else queue.push(i)
    }
    for (let now = head; now < after.length - tail; now++) {
      if (old[now] !== undefined) continue
      const index = at.get(tag(after[now] as Value))?.pop()
      if (index === undefined) continue
      old[now] = index
      taken.add(index)
    }
  }
  return old
}

function identity(value: Value): unknown {
  return value
}

/** A container's text cannot be taken for a string: strings are quoted in it. */
function equality(value: Value): unknown {
  return isContainer(value) ? canonicalText(value) : typeof value === 'string' ? JSON.stringify(value) : value
}
