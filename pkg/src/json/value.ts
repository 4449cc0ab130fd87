/**
 * Values: what a document holds. They are immutable: frozen, and shared between one state of a document
 * and the next.
 *
 * Frozen always, not in development only: a page that writes into a value it was given would otherwise see
 * its edit, and nobody else would. Measured on 6 MB of cards, freezing adds a seventh to the time that
 * `JSON.parse` takes for them; a change freezes no more than the path it re-creates.
 */

import { RejoinError } from '../errors.js'
import { checkText } from '../strings.js'
import type { Path } from './path.js'

/** A JSON value, not for writing. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

/** A list of values. */
export type List = readonly Value[]

/** An object of values. */
export type Fields = { readonly [key: string]: Value }

/** How deep values nest at most; the engine's limit. */
export const MAX_DEPTH = 100

/** Whether a value has children. */
export function isContainer(value: unknown): value is List | Fields {
  return typeof value === 'object' && value !== null
}

/** Whether it is a list; `Array.isArray` forgets what is readonly. */
export function isList(value: unknown): value is List {
  return Array.isArray(value)
}

/** The value under a key; `undefined` when there is none. */
export function child(value: Value | undefined, key: string | number): Value | undefined {
  if (isList(value)) return typeof key === 'number' ? value[key] : undefined
  if (!isContainer(value) || typeof key === 'number' || !Object.hasOwn(value, key)) return undefined
  return value[key]
}

/** What a value is, for messages. */
export function describe(value: Value | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return isList(value) ? 'a list' : isContainer(value) ? 'an object' : `a ${typeof value}`
}

/** Whether two values are the same JSON; the order of keys does not count. Cost: linear, constant when identical. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true
  if (!isContainer(a) || !isContainer(b) || isList(a) !== isList(b)) return false
  if (isList(a)) {
    const other = b as List
    return a.length === other.length && a.every((item, i) => sameValue(item, other[i]))
  }
  const other = b as Fields
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameValue((a as Fields)[key], other[key]))
  )
}

/** The same JSON has the same text, whatever the order of its keys. Cost: linear. */
export function canonicalText(value: Value): string {
  if (!isContainer(value)) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalText).join()}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] as Value)}`).join()}}`
}

/**
 * `after`, with everything that is equal in `before` taken from there: what did not change keeps its identity.
 * Lists are compared item by item from both ends. Cost: linear in the value, times its depth.
 */
export function shareEqual(before: Value | undefined, after: Value): Value {
  if (before === after || !isContainer(before) || !isContainer(after) || isList(before) !== isList(after)) return after
  if (isList(after)) {
    const old = before as List
    const shift = old.length - after.length
    let same = shift === 0
    // From the end on, items are compared with those as far from the other end.
    let tail = after.length
    while (tail > 0 && tail + shift > 0 && sameValue(old[tail - 1 + shift], after[tail - 1])) tail--
    const items = after.map((item, i) => {
      const kept = shareEqual(old[i >= tail ? i + shift : i], item)
      if (kept !== old[i]) same = false
      return kept
    })
    return same ? before : Object.freeze(items)
  }
  const old = before as Fields
  const fields: Record<string, Value> = {}
  let same = Object.keys(old).length === Object.keys(after).length
  for (const key of Object.keys(after)) {
    const mine = child(old, key)
    const kept = shareEqual(mine, (after as Fields)[key] as Value)
    if (kept !== mine) same = false
    fields[key] = kept
  }
  return same ? before : Object.freeze(fields)
}

/** Freezes a value that nobody else holds, and gives it. Cost: linear; what is frozen is taken to be so all through. */
export function freezeValue<V extends Value>(value: V): V {
  if (!isContainer(value) || Object.isFrozen(value)) return value
  for (const key of Object.keys(value)) freezeValue((value as Fields)[key] as Value)
  return Object.freeze(value)
}

/** Resolves what stands for a value, such as a draft, to it; `undefined` for what is no such thing. */
export type Stands = (input: object) => Value | undefined

/**
 * A value of what a page passes in: checked, copied, frozen. What is frozen all through already is not copied.
 * A key whose value is `undefined` is left out, as in `JSON.stringify`.
 *
 * Cost: linear. `depth` is how deep it may nest.
 *
 * @throws {@link RejoinError} `invalid-value` with `details.path`, `lone-surrogate`.
 */
export function toValue(input: unknown, stands: Stands = () => undefined, depth = MAX_DEPTH): Value {
  return new Reader(stands, depth).read(input)
}

class Reader {
  readonly #stands: Stands
  readonly #depth: number
  readonly #path: (string | number)[] = []

  constructor(stands: Stands, depth: number) {
    this.#stands = stands
    this.#depth = depth
  }

  read(input: unknown): Value {
    switch (typeof input) {
      case 'boolean':
        return input
      case 'string':
        checkText('value', input)
        return input
      case 'number':
        if (!Number.isFinite(input)) throw this.#invalid(`${input} is no JSON number`)
        // JSON text has no negative zero.
        return input === 0 ? 0 : input
      case 'object':
        return input === null ? null : (this.#stands(input) ?? this.#container(input))
      case 'undefined':
        throw this.#invalid('undefined is no JSON value: use null, or leave it out')
      default:
        throw this.#invalid(`a ${typeof input} is no JSON value`)
    }
  }

  #container(input: object): Value {
    if (this.#path.length >= this.#depth) throw this.#invalid(`it nests deeper than ${this.#depth} levels, or in a circle`)
    return Array.isArray(input) ? this.#list(input) : this.#fields(input)
  }

  #list(input: readonly unknown[]): Value {
    let kept = Object.isFrozen(input)
    const items: Value[] = []
    for (let i = 0; i < input.length; i++) {
      this.#path.push(i)
      const item = this.read(input[i])
      this.#path.pop()
      if (item !== input[i] || Object.is(input[i], -0)) kept = false
      items.push(item)
    }
    return kept ? (input as List) : Object.freeze(items)
  }

  #fields(input: object): Value {
    if (!isPlain(input)) {
      const name = (input.constructor as { name?: string } | undefined)?.name ?? 'an instance of a class'
      throw this.#invalid(`${name} is no JSON value: pass a plain object, a list, or what its toJSON() gives`)
    }
    let kept = Object.isFrozen(input)
    const fields: Record<string, Value> = {}
    for (const key of Object.keys(input)) {
      const given = (input as Record<string, unknown>)[key]
      checkKey(key)
      if (given === undefined) {
        kept = false
        continue
      }
      this.#path.push(key)
      const value = this.read(given)
      this.#path.pop()
      if (value !== given || Object.is(given, -0)) kept = false
      fields[key] = value
    }
    return kept ? (input as Fields) : Object.freeze(fields)
  }

  #invalid(why: string): RejoinError {
    const path: Path = [...this.#path]
    const where = path.length === 0 || path.length >= this.#depth ? '' : ` (at ${path.join('.')})`
    return new RejoinError('invalid-value', `${why}${where}`, { path })
  }
}

/**
 * Checks the key of an object.
 *
 * @throws {@link RejoinError} `invalid-value` for `__proto__`, which stands for something else; `lone-surrogate`.
 */
export function checkKey(key: string): void {
  checkText('key', key)
  if (key === '__proto__') throw new RejoinError('invalid-value', 'the key __proto__ is reserved', { key })
}

/** A plain object, also one of another window. */
function isPlain(value: object): boolean {
  const proto = Object.getPrototypeOf(value) as object | null
  return proto === null || (Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, 'isPrototypeOf'))
}
