/**
 * `rejoin/types`: the engine's text and JSON types as ottypes-style objects, so that other OT tools can drive them.
 *
 * Text ops are those of the type `text-unicode`: `[5, 'abc', {d: 3}]`, counts in Unicode scalars. A delete may
 * carry the deleted text, `{d: 'abc'}`, which makes an op invertible without its document; `invert` and
 * `makeInvertible` keep it, the rest of the algebra gives counts.
 *
 * @example
 * import { init, text } from 'rejoin/types'
 * await init()
 * text.apply('hello', [5, ' world']) // 'hello world'
 * ShareDB.types.register(text) // then: doc.create('hello', text.uri)
 */

import { engine, type TextComponent, type TextOp } from './engine.js'
import { fromEngine, RejoinError } from './errors.js'
import { checkCount, checkText } from './strings.js'
import { scalars } from './text-op.js'

export { init, initSync, type WasmSource } from './init.js'
export { RejoinError, type ErrorCode, type ErrorDetails } from './errors.js'
export type { TextComponent, TextOp, Value } from './engine.js'
export { json, type Transformed } from './json-type.js'
export type { JsonComponent, JsonDescent, JsonOp } from './json/op.js'
export type { ConflictKind, ConflictPart, OpConflict } from './json/conflict.js'

/** `'left'`'s insert goes first where two are at one place. */
export type Side = 'left' | 'right'

/**
 * What a presence may say of a text, in scalars: a caret, a range as two positions, or a range as the
 * objects of rich-text have it. Other properties of an object are kept.
 */
export type Presence = number | readonly [number, number] | { readonly index: number; readonly length: number }

/** Clears errors of their wasm form, and checks the strings an op carries before they cross. */
function call<T>(ops: readonly TextOp[], run: (module: ReturnType<typeof engine>) => T): T {
  const module = engine()
  for (const op of ops) {
    if (!Array.isArray(op)) throw new RejoinError('malformed-op', 'an op is an array of components')
    for (const component of op as readonly unknown[]) {
      if (typeof component === 'string') checkText('op', component)
      else if (typeof component === 'object' && component !== null && 'd' in component && typeof component.d === 'string') {
        checkText('op', component.d)
      }
    }
  }
  try {
    return run(module)
  } catch (thrown) {
    throw fromEngine(thrown)
  }
}

/** The text type. Every method throws {@link RejoinError} `malformed-op` for what is no op. */
export const text = {
  /** The type's name. */
  name: 'rejoin-text',
  /** The type's URI. */
  uri: 'https://rejoin.example/types/text',

  /** A document. */
  create(initial = ''): string {
    checkText('initial', initial)
    return initial
  },

  /** The document after `op`. Throws `op-too-long` when the op does not fit. Cost: linear in the document. */
  apply(doc: string, op: TextOp): string {
    checkText('doc', doc)
    return call([op], (module) => module.textApply(doc, op))
  },

  /** `op` as it is to be applied after `other`. Cost: linear in the two ops. */
  transform(op: TextOp, other: TextOp, side: Side): TextOp {
    if (side !== 'left' && side !== 'right') {
      throw new RejoinError('invalid-argument', "side is to be 'left' or 'right'", { argument: 'side' })
    }
    return call([op, other], (module) => module.textTransform(op, other, side))
  },

  /** One op that does what `first` and then `then` do. Cost: linear in the two ops. */
  compose(first: TextOp, then: TextOp): TextOp {
    return call([first, then], (module) => module.textCompose(first, then))
  },

  /** The op that undoes an invertible `op`; itself invertible. Throws `malformed-op` when a delete has no text. */
  invert(op: TextOp): TextOp {
    return canonical(
      text.checked(op).map((component) => {
        if (typeof component === 'number') return component
        if (typeof component === 'string') return { d: component }
        if (typeof component.d === 'string') return component.d
        throw new RejoinError('malformed-op', 'a delete without its text cannot be inverted: use makeInvertible or invertWithDoc')
      }),
    )
  },

  /** The op that undoes `op`, made on `doc`. Cost: linear in both. */
  invertWithDoc(op: TextOp, doc: string): TextOp {
    checkText('doc', doc)
    return call([op], (module) => module.textInvert(op, doc))
  },

  /** `op`, made on `doc`, with the text of its deletes. Cost: linear in both. */
  makeInvertible(op: TextOp, doc: string): TextOp {
    text.apply(doc, op) // Throws unless it fits: the slices below then exist.
    const rest = [...doc]
    let at = 0
    return text.checked(op).map((component) => {
      if (typeof component === 'number') {
        at += component
        return component
      }
      if (typeof component === 'string') return component
      const count = typeof component.d === 'number' ? component.d : scalars(component.d)
      at += count
      return { d: rest.slice(at - count, at).join('') }
    })
  },

  /** `op` in canonical form: neighbours merged, insert before delete, no trailing retain. */
  normalize(op: TextOp): TextOp {
    return call([op], (module) => module.textNormalize(op))
  },

  /**
   * Throws unless `op` is in the grammar that travels: nothing empty, no trailing retain, no two retains in a row.
   * Inserts and deletes at one place may stand in any order, as in the type `text-unicode`.
   */
  checkOp(op: TextOp): void {
    call([op], (module) => module.textCheck(op))
  },

  /** Where a position, in scalars, lies after `op`: before what is inserted at it, as in the type `text-unicode`. */
  transformPosition(position: number, op: TextOp): number {
    checkCount('position', position)
    return call([op], (module) => module.textTransformPosition(position, op, false))
  },

  /**
   * Where a presence lies after `op`; `null` (nobody there) stays. ShareDB calls it for `getDocPresence`. What
   * others insert at a caret does not move it, what its owner inserts does.
   */
  transformPresence<P extends Presence | null>(presence: P, op: TextOp, isOwnOp: boolean): P {
    if (presence === null) return presence
    const moved = (position: number) => {
      checkCount('presence', position)
      return call([op], (module) => module.textTransformPosition(position, op, isOwnOp))
    }
    if (typeof presence === 'number') return moved(presence) as P
    if (Array.isArray(presence)) return presence.map(moved) as unknown as P
    const { index, length } = presence as { index: number; length: number }
    const start = moved(index)
    return { ...(presence as object), index: start, length: moved(index + length) - start } as P
  },

  /** Where a caret, or a range, lies after `op`. */
  transformSelection<S extends number | readonly [number, number]>(selection: S, op: TextOp): S {
    return (
      typeof selection === 'number'
        ? text.transformPosition(selection, op)
        : selection.map((position) => text.transformPosition(position, op))
    ) as S
  },

  /** A small op from one document to another. */
  diff(before: string, after: string): TextOp {
    checkText('before', before)
    checkText('after', after)
    return call([], (module) => module.textDiff(before, after))
  },

  /** @internal `op`, checked. */
  checked(op: TextOp): TextOp {
    text.normalize(op)
    return op
  },
}

/** Inserts before deletes at each place, neighbours merged, without losing the deleted text. */
function canonical(op: TextOp): TextOp {
  const out: TextComponent[] = []
  let insert = ''
  let deleted = ''
  const close = () => {
    if (insert !== '') out.push(insert)
    if (deleted !== '') out.push({ d: deleted })
    insert = deleted = ''
  }
  for (const component of op) {
    if (typeof component === 'number') {
      if (component === 0) continue
      close()
      const last = out.at(-1)
      if (typeof last === 'number') out[out.length - 1] = last + component
      else out.push(component)
    } else if (typeof component === 'string') insert += component
    else deleted += String(component.d)
  }
  close()
  if (typeof out.at(-1) === 'number') out.pop()
  return out
}
