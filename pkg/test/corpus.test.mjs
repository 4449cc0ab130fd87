// The corpus (tests/corpus/README.md) through `rejoin/types`.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { init, RejoinError, text } from '../dist/types.js'
import { corpus, titled } from './support/corpus.mjs'

const refuses = (run, code) =>
  assert.throws(run, (error) => error instanceof RejoinError && (assert.equal(error.code, code, error.message), true))

function diamond(doc, left, right, out) {
  const rightAfter = text.transform(right, left, 'right')
  const leftAfter = text.transform(left, right, 'left')
  assert.equal(text.apply(text.apply(doc, left), rightAfter), out, 'left, then right')
  assert.equal(text.apply(text.apply(doc, right), leftAfter), out, 'right, then left')
  const there = text.compose(left, rightAfter)
  assert.deepEqual(there, text.compose(right, leftAfter), 'composed')
  assert.equal(text.apply(out, text.invertWithDoc(there, doc)), doc, 'and back')
  assert.equal(text.apply(doc, text.diff(doc, out)), out, 'diff')
}

const checks = {
  diamond({ doc, left, right, out, swapped = out }) {
    diamond(doc, left, right, out)
    diamond(doc, right, left, swapped)
  },
  apply({ doc, op, code }) {
    refuses(() => text.apply(doc, op), code)
    refuses(() => text.invertWithDoc(op, doc), code)
    refuses(() => text.makeInvertible(op, doc), code)
  },
  compose({ doc, ops, out }) {
    const after = (docNow, op) => text.apply(docNow, op)
    assert.deepEqual(ops.reduce((all, op) => text.compose(all, op), []), out)
    assert.equal(ops.reduce(after, doc), after(doc, out))
  },
  invert({ doc, op, out }) {
    assert.deepEqual(text.invertWithDoc(op, doc), out)
    assert.equal(text.apply(text.apply(doc, op), out), doc)
  },
  map({ op, before: mapped }) {
    assert.deepEqual(
      mapped.map((_, at) => text.transformPosition(at, op)),
      mapped,
    )
  },
  diff({ texts: [a, b], out }) {
    assert.deepEqual(text.diff(a, b), out)
    assert.equal(text.apply(a, out), b)
  },
  read({ wire, as }) {
    text.checkOp(JSON.parse(wire))
    assert.deepEqual(text.compose(JSON.parse(wire), []), as)
  },
  refuse({ wire, code = 'malformed-op' }) {
    refuses(() => text.checkOp(JSON.parse(wire)), code)
    refuses(() => text.apply('abc', JSON.parse(wire)), code)
  },
}

describe('the corpus through rejoin/types', () => {
  before(() => init())
  for (const line of corpus()) it(...titled(line, 'npm'), () => checks[line.kind](line))
})
