/** The JSON type of `rejoin/types`. */

import { engine, type Engine } from './engine.js'
import { fromEngine, RejoinError } from './errors.js'
import type { OpConflict } from './json/conflict.js'
import type { JsonOp } from './json/op.js'
import type { Path } from './json/path.js'
import { MAX_DEPTH, toValue, type Value } from './json/value.js'

/** What {@link json.tryTransform} gives. */
export type Transformed =
  | { readonly ok: true; readonly result: JsonOp }
  /** All conflicts between the two, whichever side is asked for. */
  | { readonly ok: false; readonly conflicts: readonly OpConflict[] }

/** Checks what crosses, and clears errors of their wasm form. */
function call<T>(run: (module: Engine) => T): T {
  const module = engine()
  try {
    return run(module)
  } catch (thrown) {
    throw fromEngine(thrown)
  }
}

/** An op as it can cross: JSON, without lone surrogates. An op branches off as often as paths are long, and carries values. */
function checked(op: JsonOp): JsonOp {
  if (op !== null && !Array.isArray(op)) throw new RejoinError('malformed-op', 'an op is null or an array', { op })
  return toValue(op, undefined, 3 * MAX_DEPTH) as JsonOp
}

/** A document as it can cross. */
function document(value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : toValue(value)
}

function checkSide(side: unknown): void {
  if (side === 'left' || side === 'right') return
  throw new RejoinError('invalid-argument', "side is to be 'left' or 'right'", { argument: 'side' })
}

/**
 * The JSON type as an ottypes-style object: documents are JSON values (`undefined`: none), ops those of the
 * published `json1`, conflicts resolved as it does. What is different on purpose is listed in `docs/json-ot.md`.
 *
 * Every method throws {@link RejoinError} `malformed-op` for what is no op, or does not fit its document;
 * `invalid-value` and `lone-surrogate` for what is no JSON. Results are plain values of the caller's own.
 *
 * @example
 * import { init, json } from 'rejoin/types'
 * await init()
 * json.apply({ a: [1] }, ['a', 1, { i: 2 }]) // { a: [1, 2] }
 */
export const json = {
  /** The type's name. */
  name: 'rejoin-json',
  /** The type's URI. */
  uri: 'https://rejoin.example/types/json',

  /** A document. */
  create(initial: Value = null): Value {
    return toValue(initial)
  },

  /** The document after `op`. Cost: linear in the document, which crosses into the engine and back. */
  apply(doc: Value | undefined, op: JsonOp): Value | undefined {
    const [before, edit] = [document(doc), checked(op)]
    return call((module) => module.jsonApply(before, edit))
  },

  /** `op` as it is to be applied after `other`. Cost: linear in the two ops. */
  transform(op: JsonOp, other: JsonOp, side: 'left' | 'right'): JsonOp {
    checkSide(side)
    const [edit, over] = [checked(op), checked(other)]
    return call((module) => module.jsonTransform(edit, over, side))
  },

  /**
   * As {@link transform}, unless the two are in conflict: then all their conflicts.
   *
   * @example
   * json.tryTransform(['a', { i: 1 }], ['a', { i: 2 }], 'left') // { ok: false, conflicts: [{ kind: 'DropCollision', … }] }
   */
  tryTransform(op: JsonOp, other: JsonOp, side: 'left' | 'right'): Transformed {
    checkSide(side)
    const [edit, over] = [checked(op), checked(other)]
    const conflicts = call((module) => (side === 'left' ? module.jsonConflicts(edit, over) : module.jsonConflicts(over, edit)))
    return conflicts.length > 0 ? { ok: false, conflicts } : { ok: true, result: call((module) => module.jsonTransform(edit, over, side)) }
  },

  /** One op that does what `first` and then `then` do. Cost: linear in the two ops. */
  compose(first: JsonOp, then: JsonOp): JsonOp {
    const [a, b] = [checked(first), checked(then)]
    return call((module) => module.jsonCompose(a, b))
  },

  /** The op that undoes `op`, made on `doc`. */
  invertWithDoc(op: JsonOp, doc: Value | undefined): JsonOp {
    const [edit, before] = [checked(op), document(doc)]
    return call((module) => module.jsonInvertWithDoc(edit, before))
  },

  /** `op`, made on `doc`, with what its removes take away. Text edits do not say what they delete: to undo, use {@link invertWithDoc}. */
  makeInvertible(op: JsonOp, doc: Value | undefined): JsonOp {
    const [edit, before] = [checked(op), document(doc)]
    return call((module) => module.jsonMakeInvertible(edit, before))
  },

  /** A small op from one document to the other; `null` when they are equal. Cost: linear in both, more where they differ much. */
  diff(before: Value | undefined, after: Value | undefined): JsonOp {
    const [from, to] = [document(before), document(after)]
    return call((module) => module.jsonDiff(from, to))
  },

  /** `op` in canonical form. */
  normalize(op: JsonOp): JsonOp {
    const edit = checked(op)
    return call((module) => module.jsonNormalize(edit))
  },

  /** Throws unless `op` is an op in canonical form, as it travels, which some document fits. */
  checkOp(op: JsonOp): void {
    const edit = checked(op)
    call((module) => module.jsonCheck(edit))
  },

  /** {@link checkOp}, under the name it has in the published type. */
  checkValidOp(op: JsonOp): void {
    json.checkOp(op)
  },

  /** Where the value at a path is after `op`; `null` when it is removed. */
  transformPosition(path: Path, op: JsonOp): Path | null {
    const edit = checked(op)
    return call((module) => module.jsonTransformPosition(toValue(path) as Path, edit))
  },
}
