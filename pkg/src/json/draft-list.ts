/** The methods of arrays that change them, on drafts: as JavaScript has them, recorded as what they do. */

import { RejoinError } from '../errors.js'
import { assign, reorder, splice } from './edits.js'
import type { Entry, ListNode } from './nodes.js'
import { draftOf, given, read, show } from './shown.js'
import { isContainer, type Value } from './value.js'

type Method = (this: unknown, ...args: never[]) => unknown

/** The method of this name that a draft of a list has of its own; the others only read, and arrays' own do. */
export function listMethod(list: ListNode, name: string): Method | undefined {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name as keyof typeof METHODS] : undefined
  // Bound to its list: a draft taken off an array works like the array.
  return method && ((...args: never[]) => (method as (list: ListNode, ...args: never[]) => unknown)(list, ...args))
}

/** Assigning `length`: shortens only. */
export function setLength(list: ListNode, length: unknown): void {
  const now = list.items.length
  if (!Number.isSafeInteger(length) || (length as number) < 0 || (length as number) > now) {
    throw new RejoinError('invalid-argument', `a list of ${now} can be shortened, not set to length ${String(length)}: push what is to be in it`, {
      argument: 'length',
    })
  }
  splice(list, length as number, now - (length as number), [])
}

const METHODS = {
  push(list: ListNode, ...items: unknown[]): number {
    splice(list, list.items.length, 0, items.map(given))
    return list.items.length
  },

  pop(list: ListNode): unknown {
    return takeOne(list, list.items.length - 1)
  },

  shift(list: ListNode): unknown {
    return takeOne(list, 0)
  },

  unshift(list: ListNode, ...items: unknown[]): number {
    splice(list, 0, 0, items.map(given))
    return list.items.length
  },

  splice(list: ListNode, ...args: unknown[]): unknown[] {
    const length = list.items.length
    const at = relative(args[0], length, 0)
    const most = length - at
    // Without a count, everything from there on; a count of undefined is none.
    const count = args.length === 1 ? most : Math.min(Math.max(integer(args[1]), 0), most)
    return taken(list, at, count, args.slice(2).map(given))
  },

  sort(list: ListNode, compare?: (a: unknown, b: unknown) => number): object {
    if (compare !== undefined && typeof compare !== 'function') throw new TypeError('the comparator is to be a function')
    list.path()
    const shown = list.items.map((_, index) => ({ index, value: read(list, index) }))
    // Without a comparator, by what they are as strings.
    const text = compare === undefined ? shown.map(({ value }) => String(value)) : []
    shown.sort((a, b) => {
      if (compare !== undefined) return compare(a.value, b.value)
      const [x, y] = [text[a.index] as string, text[b.index] as string]
      return x < y ? -1 : x > y ? 1 : 0
    })
    if (shown.length !== list.items.length) throw new RejoinError('invalid-argument', 'the comparator changed the list')
    reorder(list, shown.map(({ index }) => index))
    return draftOf(list)
  },

  reverse(list: ListNode): object {
    reorder(list, [...list.items.keys()].reverse())
    return draftOf(list)
  },

  fill(list: ListNode, value: unknown, from?: unknown, to?: unknown): object {
    const length = list.items.length
    const [start, end] = [relative(from, length, 0), relative(to, length, length)]
    list.path()
    if (start >= end) return draftOf(list)
    const filling = given(value)
    for (let i = start; i < end; i++) assign(list, i, filling)
    return draftOf(list)
  },

  copyWithin(list: ListNode, target: unknown, from?: unknown, to?: unknown): object {
    const length = list.items.length
    const at = relative(target, length, 0)
    const [start, end] = [relative(from, length, 0), relative(to, length, length)]
    list.path()
    const copied = list.items.slice(start, Math.min(end, start + length - at)).map((entry) => given(show(entry)))
    copied.forEach((value, i) => assign(list, at + i, value))
    return draftOf(list)
  },
}

function takeOne(list: ListNode, at: number): unknown {
  if (list.items.length === 0) {
    list.path()
    return undefined
  }
  return taken(list, at, 1, [])[0]
}

/** Replaces a run, and gives what was there as a page sees it: containers as drafts, which can be read on. */
function taken(list: ListNode, at: number, count: number, values: readonly Value[]): unknown[] {
  const entries: Entry[] = []
  for (let i = at; i < at + count; i++) {
    const entry = list.entry(i) as Entry
    entries.push(isContainer(entry) ? (list.node(i) as Entry) : entry)
  }
  splice(list, at, count, values)
  return entries.map(show)
}

/** An index argument as JavaScript reads it: from the end when negative, within the list. */
function relative(argument: unknown, length: number, otherwise: number): number {
  if (argument === undefined) return otherwise
  const index = integer(argument)
  return index < 0 ? Math.max(length + index, 0) : Math.min(index, length)
}

function integer(argument: unknown): number {
  const number = Math.trunc(Number(argument))
  return Number.isNaN(number) ? 0 : number
}
