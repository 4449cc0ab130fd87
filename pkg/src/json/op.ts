/** JSON ops on the wire, and how to build them. */

import type { TextOp } from '../engine.js'
import type { Key, Path } from './path.js'
import type { Value } from './value.js'

/**
 * A JSON op on the wire, in the grammar of the published `json1`: `null`, or a descent of keys, each followed by
 * at most one component and then by the rest of the way, or by two or more descents. Docs: `docs/json-ot.md`.
 *
 * @example
 * const op: JsonOp = ['cards', [0, { p: 0 }], [2, { d: 0 }]] // moves cards[0] to index 2
 */
export type JsonOp = null | JsonDescent

/** A descent of a {@link JsonOp}. */
export type JsonDescent = readonly (Key | JsonComponent | JsonDescent)[]

/** What happens at one place of a {@link JsonOp}. */
export interface JsonComponent {
  /** Picks the value up, to be dropped under the same slot. At its place before the op. */
  readonly p?: number
  /** Removes the value. At its place before the op. What it was, if it is told. */
  readonly r?: unknown
  /** With `p` or `r`: of so many neighbouring items, this one the first. The engine's extension of the grammar. */
  readonly n?: number
  /** Drops what was picked up under this slot. At its place after the op. */
  readonly d?: number
  /** Inserts a value. At its place after the op. */
  readonly i?: Value
  /** Edits a string. */
  readonly es?: TextOp
  /** Adds to a number: safe integers only. */
  readonly ena?: number
}

/** An op of one component at one place. */
export function opAt(path: Path, component: JsonComponent): JsonDescent {
  return [...path, component]
}

/** `op`, made on the value at `path`, as an op on the document. */
export function opBelow(path: Path, op: JsonOp): JsonOp {
  if (op === null || path.length === 0) return op
  // A descent that branches at once has to stand at the end of the way, as its branches do.
  return [...path, ...op]
}

interface Branch {
  component: { -readonly [K in keyof JsonComponent]: JsonComponent[K] }
  children: Map<Key, Branch>
}

/** Collects components by place, in any order. Removes and picks count places before the op, the others after it. */
export class OpBuilder {
  readonly #root: Branch = branch()

  add(path: Path, component: JsonComponent): this {
    let at = this.#root
    for (const key of path) {
      let next = at.children.get(key)
      if (next === undefined) at.children.set(key, (next = branch()))
      at = next
    }
    Object.assign(at.component, component)
    return this
  }

  build(): JsonOp {
    const out: (Key | JsonComponent | JsonDescent)[] = []
    emit(this.#root, out)
    return out.length === 0 ? null : out
  }
}

function branch(): Branch {
  return { component: {}, children: new Map() }
}

function emit(from: Branch, out: (Key | JsonComponent | JsonDescent)[]): void {
  if (Object.keys(from.component).length > 0) out.push(from.component)
  const children = [...from.children].sort(([a], [b]) => compareKeys(a, b))
  for (const [key, below] of children) {
    const descent = children.length === 1 ? out : []
    descent.push(key)
    emit(below, descent)
    if (descent !== out) out.push(descent)
  }
}

/** Indexes first, then keys by UTF-16 code unit. */
function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
