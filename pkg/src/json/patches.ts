/** Patches: what happened to a document's value, to be carried into a page's own state. */

import { applyChanges, type Changes } from '../changes.js'
import { RejoinError } from '../errors.js'
import { toPointer, type Path } from './path.js'
import { child, isContainer, isList, type Fields, type List, type Value } from './value.js'

/**
 * One change of a value. Patches are applied one after the other: each path is into the value as the patches
 * before it left it. In a list, `add` inserts before the index, and `remove` closes the gap.
 *
 * A value that moved is removed and added; it is the same object in both states of the document.
 */
export type Patch =
  | { readonly op: 'add'; readonly path: Path; readonly value: Value }
  | { readonly op: 'remove'; readonly path: Path }
  | { readonly op: 'replace'; readonly path: Path; readonly value: Value }
  /** A string was edited: changes in UTF-16 offsets into it, as an editor takes them. */
  | { readonly op: 'text'; readonly path: Path; readonly changes: Changes }

/**
 * The value after `patches`; `undefined` stands for no document. What they do not touch is the same object as
 * before, and nothing is written into `value` or into what the patches add. What is new is frozen.
 *
 * Cost: linear in the patches and in the containers on their paths; neighbouring items added or removed one after
 * the other count as one.
 *
 * @throws {@link RejoinError} `path-not-found`, `path-occupied`, `wrong-type` when the patches are not of this value.
 * @example
 * let board = doc.value
 * doc.on('change', ({ patches }) => {
 *   board = applyPatches(board, patches) // equal to doc.value
 * })
 */
export function applyPatches<V extends Value | undefined>(value: V, patches: readonly Patch[]): V {
  const edited = new Edited(value)
  edited.apply(patches)
  return edited.finish() as V
}

/** A value under change: containers are copied when first written to. */
export class Edited {
  #root: Value | undefined
  /** The containers made here, which can be written to. */
  readonly #own = new Set<object>()

  constructor(root: Value | undefined) {
    this.#root = root
  }

  apply(patches: readonly Patch[]): void {
    for (let i = 0; i < patches.length; ) i += this.#apply(patches, i)
  }

  /** The value at a path as it is now, for keeping. */
  at(path: Path): Value | undefined {
    let value = this.#root
    for (const key of path) value = child(value, key)
    this.#seal(value)
    return value
  }

  /** Applies the patch at `i`, with those after it that continue the same run of items. Says how many. */
  #apply(patches: readonly Patch[], i: number): number {
    const patch = patches[i] as Patch
    const { path } = patch
    const key = path.at(-1)
    if (key === undefined) {
      this.#root = this.#changed(patch, this.#root)
      return 1
    }
    const container = this.#open(path)
    if (isList(container)) {
      if (typeof key !== 'number') throw notFound(path)
      const list = container as Value[]
      if (patch.op === 'add') {
        const run = runOf(patches, i, (next, n) => next.op === 'add' && next.path.at(-1) === key + n)
        if (key > list.length) throw notFound(path)
        insertAll(list, key, run.map((add) => (add as { value: Value }).value))
        return run.length
      }
      if (patch.op === 'remove') {
        const descending = (next: Patch, n: number) => next.op === 'remove' && next.path.at(-1) === key - n
        const run = runOf(patches, i, descending)
        if (key >= list.length) throw notFound(path)
        list.splice(key - run.length + 1, run.length)
        return run.length
      }
      list[key] = this.#changed(patch, list[key]) as Value
      return 1
    }
    if (typeof key !== 'string') throw notFound(path)
    const fields = container as Record<string, Value>
    const now = this.#changed(patch, child(fields, key))
    if (now === undefined) delete fields[key]
    else fields[key] = now
    return 1
  }

  finish(): Value | undefined {
    for (const made of this.#own) Object.freeze(made)
    return this.#root
  }

  /** From here on it is copied before it is written to. */
  #seal(value: Value | undefined): void {
    if (!isContainer(value) || !this.#own.delete(value)) return
    for (const key of Object.keys(value)) this.#seal((value as Fields)[key])
    Object.freeze(value)
  }

  /** What the patch makes of the value at its path. */
  #changed(patch: Patch, before: Value | undefined): Value | undefined {
    if (patch.op === 'add') {
      if (before !== undefined) throw new RejoinError('path-occupied', `there is a value at ${toPointer(patch.path)}`, { path: patch.path })
      return patch.value
    }
    if (before === undefined) throw notFound(patch.path)
    switch (patch.op) {
      case 'remove':
        return undefined
      case 'replace':
        return patch.value
      case 'text':
        if (typeof before !== 'string') throw new RejoinError('wrong-type', `there is no string at ${toPointer(patch.path)}`, { path: patch.path })
        return applyChanges(before, patch.changes)
    }
  }

  /** The container of what is at `path`, made writable, and all above it. */
  #open(path: Path): List | Fields {
    let here = (this.#root = this.#writable(this.#root, path))
    for (const key of path.slice(0, -1)) {
      const below = this.#writable(child(here, key), path)
      ;(here as Record<string | number, Value>)[key] = below
      here = below
    }
    return here
  }

  #writable(value: Value | undefined, path: Path): List | Fields {
    if (!isContainer(value)) throw notFound(path)
    if (this.#own.has(value)) return value
    const copy = isList(value) ? value.slice() : { ...value }
    this.#own.add(copy)
    return copy
  }
}

/** The patches from `i` on that `continues` holds for, all of one list. */
function runOf(patches: readonly Patch[], i: number, continues: (next: Patch, n: number) => boolean): readonly Patch[] {
  const { path } = patches[i] as Patch
  let n = 1
  for (let next = patches[i + n]; next !== undefined && continues(next, n) && siblings(next.path, path); next = patches[i + n]) n++
  return patches.slice(i, i + n)
}

function siblings(a: Path, b: Path): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length - 1; i++) if (a[i] !== b[i]) return false
  return true
}

function insertAll(list: Value[], at: number, values: readonly Value[]): void {
  const rest = list.splice(at)
  // Spreading hundreds of thousands of arguments overflows the stack.
  for (const value of values) list.push(value)
  for (const value of rest) list.push(value)
}

function notFound(path: Path): RejoinError {
  return new RejoinError('path-not-found', `there is no ${toPointer(path)} for a patch to apply to`, { path })
}
