// The text type: the published vectors, and differential tests against the published `ot-text-unicode`.
//
// Where they may disagree, on purpose and why, stands in one list, which the native runner
// reads too: tests/corpus/text-unicode.differences.json.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { type as published } from 'ot-text-unicode'
import { init, RejoinError, text } from '../dist/types.js'
import { below, pick, seeded, someText } from './support/random.mjs'

const VECTORS = new URL('../../../shared/vectors/', import.meta.url)
const DIFFERENCES = new URL('../../tests/corpus/text-unicode.differences.json', import.meta.url)
const CASES = 20_000

/** The op without the text of its deletes. */
const counts = (op) =>
  Array.isArray(op) ? op.map((c) => (typeof c?.d === 'string' ? { d: [...c.d].length } : c)) : op

function someOp(random, doc) {
  const op = []
  let left = [...doc].length
  while (left > 0 && below(random, 5) > 0) {
    const n = 1 + below(random, left)
    const kind = pick(random, ['retain', 'insert', 'delete'])
    if (kind === 'insert') op.push(someText(random, 3) || 'x')
    else {
      op.push(kind === 'retain' ? n : { d: n })
      left -= n
    }
  }
  if (below(random, 2)) op.push(someText(random, 3) || 'y')
  return published.normalize(op)
}

/** Equal in rejoin's canonical form. */
const same = (actual, expected, hint) => assert.deepEqual(text.normalize(actual), text.normalize(counts(expected)), hint)

describe('rejoin/types', () => {
  before(() => init())

  it(`does what ot-text-unicode does (${CASES} random cases)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const doc = someText(random, 8)
      const [a, b] = [text.normalize(someOp(random, doc)), text.normalize(someOp(random, doc))]
      const hint = `seed ${seed}: ${JSON.stringify({ doc, a, b })}`
      assert.equal(text.apply(doc, a), published.apply(doc, a), hint)
      const after = text.apply(doc, a)
      const c = text.normalize(someOp(random, after))
      for (const side of ['left', 'right']) same(text.transform(a, b, side), published.transform(a, b, side), hint)
      same(text.compose(a, c), published.compose(a, c), hint)
      const position = below(random, [...doc].length + 1)
      assert.equal(text.transformPosition(position, a), published.transformPosition(position, a), hint)
      const invertible = text.makeInvertible(a, doc)
      assert.deepEqual(invertible, published.makeInvertible(a, doc), hint)
      assert.equal(text.apply(after, text.invert(invertible)), doc, hint)
      assert.equal(text.apply(after, text.invertWithDoc(a, doc)), doc, hint)
      same(text.invertWithDoc(a, doc), published.invertWithDoc(a, doc), hint)
      const other = someText(random, 8)
      assert.equal(text.apply(doc, text.diff(doc, other)), other, hint)
    }
  })

  it('TP1: both ways round end in the same document', () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const doc = someText(random, 8)
      const [a, b] = [text.normalize(someOp(random, doc)), text.normalize(someOp(random, doc))]
      assert.equal(
        text.apply(text.apply(doc, a), text.transform(b, a, 'right')),
        text.apply(text.apply(doc, b), text.transform(a, b, 'left')),
        `seed ${seed}`,
      )
    }
  })

  for (const [file, least] of [['text-unicode.jsonl', 150], ['text-unicode.gen.jsonl', 5_500]]) {
    const url = new URL(file, VECTORS)
    it(`agrees with the vectors of ${file}`, { skip: existsSync(url) ? false : `${url.pathname} is not there` }, () => {
      const { differences } = JSON.parse(readFileSync(DIFFERENCES, 'utf8'))
      let agree = 0
      for (const line of readFileSync(url, 'utf8').split('\n').filter(Boolean)) {
        const { fn, args, out, error } = decode(JSON.parse(line))
        try {
          check({ fn, args, out, error })
          agree++
        } catch (disagreement) {
          if (!differences.some((difference) => covers(difference, fn, args))) throw disagreement
        }
      }
      assert.ok(agree >= least, `only ${agree} vectors agree`)
    })
  }

  /** One recorded call. */
  function check({ fn, args, out, error }) {
    const hint = JSON.stringify({ fn, args, out })
    assert.equal(typeof text[fn], 'function', fn)
    if (error) {
      assert.throws(() => text[fn](...args), RejoinError, hint)
    } else if (['transformPosition', 'transformSelection', 'apply', 'create'].includes(fn)) {
      // These are recorded on ops that are not tidy; the type itself wants them so.
      const [first, op] = args
      assert.deepEqual(text[fn](first, Array.isArray(op) ? text.normalize(op) : op), out, hint)
    } else if (fn === 'makeInvertible') {
      assert.deepEqual(text.makeInvertible(...args), out, hint)
    } else if (fn === 'normalize') {
      assert.deepEqual(text.normalize(args[0]), canonical(counts(out)), hint)
    } else {
      const [a, b, side] = args
      same(text[fn](text.normalize(a), text.normalize(b), ...(side === undefined ? [] : [side])), out, hint)
    }
  }

  it('presence: a caret, a pair and an object with index and length', () => {
    const insert = [3, 'xy']
    assert.equal(text.transformPresence(3, insert, false), 3)
    assert.equal(text.transformPresence(3, insert, true), 5)
    assert.equal(text.transformPresence(4, ['😀'], false), 5, 'in scalars')
    assert.deepEqual(text.transformPresence([2, 4], insert, false), [2, 6])
    assert.deepEqual(text.transformPresence({ index: 2, length: 2, name: 'A' }, insert, false), { index: 2, length: 4, name: 'A' })
    assert.deepEqual(text.transformPresence({ index: 1, length: 3 }, [{ d: 2 }], false), { index: 0, length: 2 })
    assert.equal(text.transformPresence(null, insert, false), null)
    assert.throws(() => text.transformPresence({ index: -1, length: 0 }, insert, false), { code: 'invalid-offset' })
  })

  it('bad input: typed errors with codes', () => {
    const code = (run, expected) =>
      assert.throws(run, (error) => error instanceof RejoinError && (assert.equal(error.code, expected), true))
    code(() => text.apply('abc', [5, 'x']), 'op-too-long')
    code(() => text.apply('abc', [{ d: 4 }]), 'op-too-long')
    code(() => text.invertWithDoc([5, 'x'], 'abc'), 'op-too-long')
    code(() => text.makeInvertible([{ d: 5 }], 'abc'), 'op-too-long')
    for (const bad of [null, undefined, {}, 'x', 7, [null], [-1], [1.5], [NaN], [{}], [{ d: -1 }], [{ d: 'x', e: 1 }], [[1]], [true], [Infinity], [2 ** 53]]) {
      code(() => text.apply('abc', bad), 'malformed-op')
      code(() => text.checkOp(bad), 'malformed-op')
    }
    code(() => text.apply('abc', ['\ud800']), 'lone-surrogate')
    code(() => text.apply('a\udc00', []), 'lone-surrogate')
    code(() => text.apply('abc', [{ d: '\udc00' }]), 'lone-surrogate')
    code(() => text.invert([{ d: 1 }]), 'malformed-op')
    code(() => text.transform([], [], 'up'), 'invalid-argument')
    code(() => text.transformPosition(-1, []), 'invalid-offset')
    code(() => text.create(7), 'invalid-argument')
  })

  it('ops are read from JSON, whatever their prototype', () => {
    assert.equal(text.apply('abc', [1, Object.assign(Object.create(null), { d: 1 })]), 'ac')
    assert.equal(text.name, 'rejoin-text')
  })
})

/** Whether a listed difference is why this call may disagree. */
function covers({ fn: names, ops, engine }, fn, args) {
  if (ops !== undefined) assert.equal(ops, 'delete before insert')
  return names.includes(fn) && (engine ?? 'npm') === 'npm' && (ops === undefined || args.some(deleteBeforeInsert))
}

const deleteBeforeInsert = (op) =>
  Array.isArray(op) && op.some((c, i) => typeof c === 'string' && typeof op[i - 1] === 'object')

/** Insert before delete at one place: rejoin's canonical form. */
function canonical(op) {
  const out = []
  for (const component of op) {
    const last = out.at(-1)
    if (typeof component === 'string' && typeof last === 'object') {
      const before = out.at(-2)
      if (typeof before === 'string') out[out.length - 2] = before + component
      else out.splice(-1, 0, component)
    } else if (typeof component === 'object' && typeof last === 'object') out[out.length - 1] = { d: last.d + component.d }
    else out.push(component)
  }
  return out
}

function decode(value) {
  if (Array.isArray(value)) return value.map(decode)
  if (value === null || typeof value !== 'object') return value
  switch (value.$) {
    case 'undefined':
      return undefined
    case 'num':
      return Number(value.v)
    case 'utf16':
      return String.fromCharCode(...value.v)
    case 'obj':
      return Object.fromEntries(value.v.map(([k, v]) => [k, decode(v)]))
    case 'hole':
      return undefined
    default:
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]))
  }
}
