/**
 * Steps: how the engine tells what an op does to a document, so that moved values keep their identity and
 * handles can follow what they are on.
 */

import type { Change } from '../changes.js'
import { Edited, type Patch } from './patches.js'
import type { Key, Path } from './path.js'
import { child, freezeValue, type Value } from './value.js'

/**
 * One step of what an op does. Steps are applied one after the other; each path is into the document as the steps
 * before it left it. Removes come first, the deepest and the last of a list first; then, top down and in the order
 * of the list, adds, replacements and edits.
 *
 * - `remove` takes `count` (1 unless told) neighbouring items out, or one value of an object, or the root. With a
 *   `slot` they are put aside, the first under this slot, the next under the one after it.
 * - `add` puts a value in, or `count` values from `slot` on. Each slot is filled and emptied once.
 * - `replace` puts a value in the place of another one, in an object or at the root (in a list it is free to say remove
 *   and add): the handle on a string that is replaced by a string stays. A counter that was added to is replaced by the sum.
 * - `text` edits a string, in UTF-16 offsets into it.
 */
export type Step =
  | { readonly op: 'remove'; readonly path: Path; readonly count?: number; readonly slot?: number }
  | { readonly op: 'add'; readonly path: Path; readonly value: Value }
  | { readonly op: 'add'; readonly path: Path; readonly slot: number; readonly count?: number }
  | { readonly op: 'replace'; readonly path: Path; readonly value: Value }
  | { readonly op: 'text'; readonly path: Path; readonly changes: readonly Change[] }

/**
 * What steps come to on a value: the patches to tell the page, and the value after. Cost: as `applyPatches`.
 */
export function resolveSteps(before: Value | undefined, steps: readonly Step[]): { readonly patches: readonly Patch[]; readonly after: Value | undefined } {
  const patches: Patch[] = []
  const aside = new Map<number, Value>()
  const edited = new Edited(before)
  // Applied late, and so together where they are neighbours.
  let applied = 0
  const catchUp = () => {
    edited.apply(patches.slice(applied))
    applied = patches.length
  }
  for (const step of steps) {
    if (step.op === 'remove') {
      const { path, count = 1, slot } = step
      if (slot !== undefined) {
        catchUp()
        for (let i = 0; i < count; i++) aside.set(slot + i, edited.at(nextTo(path, i)) as Value)
      }
      // The last first: then each index is the one in the list before.
      for (let i = count - 1; i >= 0; i--) patches.push({ op: 'remove', path: nextTo(path, i) })
    } else if (step.op === 'add' && 'slot' in step) {
      const { path, slot, count = 1 } = step
      for (let i = 0; i < count; i++) patches.push({ op: 'add', path: nextTo(path, i), value: aside.get(slot + i) as Value })
    } else patches.push(step.op === 'text' ? step : { ...step, value: freezeValue(step.value) })
  }
  catchUp()
  return { patches, after: edited.finish() }
}

/** The value at a path; `undefined` when there is none. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  for (const key of path) value = child(value, key)
  return value
}

/** The path of the item `by` further on in its list. */
export function nextTo(path: Path, by: number): Path {
  return by === 0 ? path : [...path.slice(0, -1), (path.at(-1) as number) + by]
}

/** Follows a value through steps, given one after the other. */
export class Follower {
  #path: Path | undefined
  /** Set while the value, or what it is in, is put aside; then the path is the way inside of it. */
  #aside: number | undefined

  constructor(path: Path) {
    this.#path = path
  }

  /** Where the value is; `undefined` when it is gone, or put aside. */
  get path(): Path | undefined {
    return this.#aside === undefined ? this.#path : undefined
  }

  /**
   * A value that is replaced stays where it is: it is for the caller to see whether what is there now will do. What was
   * inside of it is gone. Cost: the length of the path.
   */
  follow(step: Step): void {
    const at = this.#path
    if (at === undefined) return
    const count = ('count' in step ? step.count : undefined) ?? 1
    if (this.#aside !== undefined) {
      const offset = step.op === 'add' && 'slot' in step ? this.#aside - step.slot : -1
      if (offset < 0 || offset >= count) return
      this.#path = [...nextTo(step.path, offset), ...at]
      this.#aside = undefined
      return
    }
    if (!leadsTo(step.path, at)) return
    const level = step.path.length - 1
    const key = at[level]
    const first = step.path[level]
    if (step.op === 'remove') {
      const offset = typeof key === 'number' ? key - (first as number) : key === first ? 0 : -1
      if (offset < 0) return
      if (offset >= count) this.#path = withKey(at, level, (key as number) - count)
      else if (step.slot === undefined) this.#path = undefined
      else {
        this.#aside = step.slot + offset
        this.#path = at.slice(level + 1)
      }
    } else if (step.op === 'add') {
      if (typeof key === 'number' && key >= (first as number)) this.#path = withKey(at, level, key + count)
    } else if (step.op === 'replace' && key === first && at.length > step.path.length) this.#path = undefined
  }
}

/** Where the value that was at `path` is after `steps`; `undefined` when it is gone. See {@link Follower}. */
export function followPath(path: Path, steps: readonly Step[]): Path | undefined {
  const follower = new Follower(path)
  for (const step of steps) follower.follow(step)
  return follower.path
}

function withKey(path: Path, level: number, key: Key): Path {
  return path.map((kept, i) => (i === level ? key : kept))
}

/** Whether two paths are the same. */
export function samePath(a: Path | undefined, b: Path | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((key, i) => key === b[i])
}

/** Whether `path` goes through the container of what is at `to`. */
function leadsTo(to: Path, path: Path): boolean {
  if (to.length === 0) return true
  if (path.length < to.length) return false
  for (let i = 0; i < to.length - 1; i++) if (to[i] !== path[i]) return false
  return true
}
