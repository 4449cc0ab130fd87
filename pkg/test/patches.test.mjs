import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type as json1 } from 'ot-json1'
import { RejoinError } from '../dist/errors.js'
import { recordChange } from '../dist/json/draft.js'
import { applyPatches } from '../dist/json/patches.js'
import { findPlace, toPointer } from '../dist/json/path.js'
import { followPath, resolveSteps, valueAt } from '../dist/json/steps.js'
import { freezeValue, sameValue, shareEqual } from '../dist/json/value.js'
import { compose, stepsOf } from './support/fake-engine.mjs'
import { containers, mutate, someMutation, someRoot, someValue } from './support/json.mjs'
import { below, pick, seeded } from './support/random.mjs'

const CASES = 4_000
const clone = (value) => JSON.parse(JSON.stringify(value))
const frozen = (value) => freezeValue(clone(value))

function code(run, expected) {
  assert.throws(run, (error) => error instanceof RejoinError && (assert.equal(error.code, expected, error.message), true))
}

/** A document and a composed op on it: several mutations, moves among them. */
function someOp(seed) {
  const random = seeded(seed)
  const before = frozen(someRoot(random))
  const { ops } = recordChange(before, (draft, { move, increment, text }) => {
    for (let n = 1 + below(random, 4); n > 0; n--) {
      const now = clone(draft)
      const kind = below(random, 4)
      const [path, container] = pick(random, containers(now))
      const at = (where) => where.reduce((value, key) => value[key], draft)
      const keys = Object.keys(container)
      const key = keys.length > 0 ? pick(random, keys) : undefined
      const own = Array.isArray(container) ? Number(key) : key
      if (kind === 0 && key !== undefined) {
        const [to, target] = pick(random, containers(now))
        try {
          move(at(path), own, at(to), Array.isArray(target) ? below(random, target.length + 1) : `m${n}`)
        } catch (error) {
          assert.ok(['invalid-path', 'path-occupied', 'path-not-found'].includes(error.code), error)
        }
      } else if (kind === 1 && typeof container[key] === 'number') increment(at(path), own, 1 + below(random, 3))
      else if (kind === 1 && typeof container[key] === 'string') text(at(path), own).insert(0, '😀')
      else mutate(draft, someMutation(random, now), true)
    }
  })
  return { random, before, op: compose(ops) }
}

describe('patches', () => {
  it(`applyPatches(before, the patches of an op) = the op applied, sharing all else (${CASES} random ops)`, () => {
    let moves = 0
    for (let seed = 0; seed < CASES; seed++) {
      const { before, op } = someOp(seed)
      const kept = clone(before)
      const expected = json1.apply(clone(before), op)
      const steps = stepsOf(before, op)
      const hint = `seed ${seed}: ${JSON.stringify({ before, op, steps })}`
      const { patches, after } = resolveSteps(before, steps)
      const told = clone(patches)
      assert.deepEqual(after, expected, hint)
      assert.deepEqual(applyPatches(before, patches), expected, hint)
      assert.deepEqual(applyPatches(clone(before), told), expected, hint)
      // One after the other is the same as together.
      assert.deepEqual(patches.reduce((value, patch) => applyPatches(value, [patch]), before), expected, hint)
      assert.deepEqual(before, kept, 'before was written to')
      assert.deepEqual(patches, told, 'a patch was written to')
      assertFrozen(after, hint)
      assertShared(before, after, patches, hint)
      moves += steps.filter(({ slot }) => slot !== undefined).length
    }
    assert.ok(moves > CASES / 10, `only ${moves} moves`)
  })

  it('a value that moves stays the same object', () => {
    const before = frozen({ a: [{ x: 1 }, { x: 2 }, { x: 3 }], b: {} })
    const steps = stepsOf(before, [['a', [0, { p: 0, d: 1 }], [2, { p: 1 }]], ['b', 'k', { d: 0 }]])
    const { after, patches } = resolveSteps(before, steps)
    assert.deepEqual(after, { a: [{ x: 3 }, { x: 2 }], b: { k: { x: 1 } } })
    assert.equal(after.b.k, before.a[0])
    assert.equal(after.a[0], before.a[2])
    assert.equal(after.a[1], before.a[1])
    assert.equal(patches.find(({ path }) => path[0] === 'b').value, before.a[0])
  })

  it('runs of items are one step', () => {
    const before = frozen({ l: [0, 1, 2, 3, 4, 5], m: ['x'] })
    const { after, patches } = resolveSteps(before, [
      { op: 'remove', path: ['l', 4], count: 2 },
      { op: 'remove', path: ['l', 1], count: 2, slot: 7 },
      { op: 'add', path: ['m', 1], slot: 7, count: 2 },
    ])
    assert.deepEqual(after, { l: [0, 3], m: ['x', 1, 2] })
    assert.equal(patches.length, 6)
    assert.deepEqual(applyPatches(clone(before), patches), after)
  })

  it('the root comes and goes', () => {
    assert.equal(applyPatches(undefined, [{ op: 'add', path: [], value: 1 }]), 1)
    assert.equal(applyPatches(1, [{ op: 'remove', path: [] }]), undefined)
    assert.equal(applyPatches('abc', [{ op: 'text', path: [], changes: [{ from: 1, to: 2, insert: 'X' }] }]), 'aXc')
    const wrapped = resolveSteps(frozen([1]), [
      { op: 'remove', path: [], slot: 0 },
      { op: 'add', path: [], value: {} },
      { op: 'add', path: ['in'], slot: 0 },
    ])
    assert.deepEqual(wrapped.after, { in: [1] })
  })

  it('patches of another value: typed errors', () => {
    code(() => applyPatches({ a: 1 }, [{ op: 'add', path: ['a'], value: 1 }]), 'path-occupied')
    code(() => applyPatches({ a: 1 }, [{ op: 'remove', path: ['b'] }]), 'path-not-found')
    code(() => applyPatches({ a: 1 }, [{ op: 'add', path: ['a', 'b'], value: 1 }]), 'path-not-found')
    code(() => applyPatches({ a: 1 }, [{ op: 'text', path: ['a'], changes: [] }]), 'wrong-type')
    code(() => applyPatches([1], [{ op: 'add', path: [2], value: 1 }]), 'path-not-found')
    code(() => applyPatches([1], [{ op: 'remove', path: [1] }]), 'path-not-found')
    code(() => applyPatches([1], [{ op: 'add', path: ['0'], value: 1 }]), 'path-not-found')
    code(() => applyPatches({}, [{ op: 'add', path: [0], value: 1 }]), 'path-not-found')
  })

  it(`followPath finds where a value went (${CASES} random ops)`, () => {
    let followed = 0
    let gone = 0
    for (let seed = 0; seed < CASES; seed++) {
      const { random, before, op } = someOp(seed)
      const places = containers(before).map(([path]) => typed(before, path))
      const path = pick(random, places)
      const marked = clone(before)
      const target = valueAt(marked, path)
      const steps = stepsOf(before, op)
      const at = followPath(path, steps)
      // By hand: the steps on a mutable copy, in which the object itself can be found again.
      const found = replay(marked, steps, target)
      assert.deepEqual(at, found, `seed ${seed}: ${JSON.stringify({ before, op, path, steps })}`)
      if (at === undefined) gone++
      else if (toPointer(at) !== toPointer(path)) followed++
    }
    assert.ok(followed > CASES / 50 && gone > CASES / 50, `followed ${followed}, gone ${gone}`)
  })

  it('a string that is replaced keeps its place; what was in a replaced value does not', () => {
    const replaced = [{ op: 'replace', path: ['a', 'b'], value: 'x' }]
    assert.deepEqual(followPath(['a', 'b'], replaced), ['a', 'b'])
    assert.equal(followPath(['a', 'b', 0], replaced), undefined)
    assert.deepEqual(followPath(['a', 'c', 0], replaced), ['a', 'c', 0])
    assert.equal(followPath(['a'], [{ op: 'replace', path: [], value: 'x' }]), undefined)
    assert.deepEqual(followPath([], [{ op: 'replace', path: [], value: 'x' }]), [])
  })

  it('shareEqual gives the same JSON and the old objects in it', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed)
      const before = frozen(someRoot(random))
      const after = clone(before)
      if (below(random, 3) > 0) mutate(after, someMutation(random, after))
      const shared = shareEqual(before, clone(after))
      assert.deepEqual(shared, after)
      if (sameValue(before, after)) assert.equal(shared, before)
      else if (!Array.isArray(before)) for (const key of Object.keys(after)) if (sameValue(before[key], after[key])) assert.equal(shared[key], before[key])
    }
    const list = frozen([{ a: 1 }, { b: 1 }, { c: 1 }])
    assert.equal(shareEqual(list, [{ b: 1 }, { c: 1 }])[1], list[2])
    assert.equal(shareEqual(list, [{ x: 1 }, ...clone(list)])[3], list[2])
    assert.equal(shareEqual(someValue(seeded(1)), 7), 7)
  })
})

describe('paths', () => {
  const doc = { 'a/b': [{ '~x': 1 }], '': 2, 1: 'one' }

  it('JSON Pointers and lists of keys', () => {
    assert.deepEqual(findPlace(doc, '/a~1b/0/~0x').path, ['a/b', 0, '~x'])
    assert.equal(findPlace(doc, '/a~1b/0/~0x').value, 1)
    assert.equal(findPlace(doc, '/').value, 2)
    assert.equal(findPlace(doc, '').value, doc)
    assert.equal(findPlace(doc, '/1').value, 'one')
    assert.deepEqual(findPlace(doc, '/a~1b/-').path, ['a/b', 1])
    assert.equal(findPlace(doc, ['a/b', 0]).container, doc['a/b'])
    assert.equal(toPointer(['a/b', 0, '~x']), '/a~1b/0/~0x')
  })

  it('typed errors', () => {
    code(() => findPlace(doc, 'a'), 'invalid-path')
    code(() => findPlace(doc, ['a/b', '0']), 'invalid-path')
    code(() => findPlace(doc, ['a/b', -1]), 'invalid-path')
    code(() => findPlace(doc, ['a/b', 0.5]), 'invalid-path')
    code(() => findPlace(doc, [0]), 'invalid-path')
    code(() => findPlace(doc, 7), 'invalid-path')
    code(() => findPlace(doc, '/a~1b/01'), 'invalid-path')
    code(() => findPlace(doc, ['x', 'y']), 'path-not-found')
    code(() => findPlace(doc, ['', 'y']), 'path-not-found')
    code(() => findPlace(doc, ['__proto__']), 'invalid-value')
    code(() => findPlace(doc, ['\ud800']), 'lone-surrogate')
    code(() => findPlace(doc, Array(101).fill('x')), 'invalid-path')
    assert.equal(findPlace(doc, ['toString']).value, undefined)
  })
})

function assertFrozen(value, hint) {
  if (typeof value !== 'object' || value === null) return
  assert.ok(Object.isFrozen(value), `not frozen, ${hint}`)
  for (const key of Object.keys(value)) assertFrozen(value[key], hint)
}

/** Keys of lists as numbers. */
function typed(root, path) {
  let value = root
  return path.map((key) => {
    const own = Array.isArray(value) ? Number(key) : key
    value = value[key]
    return own
  })
}

/** With in-place edits only, every container that no patch goes through or into is the same object as before. */
function assertShared(before, after, patches, hint) {
  if (patches.some(({ op }) => op === 'add' || op === 'remove')) return
  for (const [path] of containers(after)) {
    const keys = typed(after, path)
    const meets = patches.some(({ path: to }) => keys.every((key, i) => i >= to.length || to[i] === key))
    if (!meets) assert.equal(valueAt(after, keys), valueAt(before, keys), hint)
  }
}

/** Where `target` itself is after the steps. */
function replay(root, steps, target) {
  const top = { root }
  const aside = new Map()
  for (const { op, path, count = 1, slot, value } of steps) {
    const holder = path.length === 0 ? top : path.slice(0, -1).reduce((at, key) => at[key], top.root)
    const key = path.length === 0 ? 'root' : path.at(-1)
    if (op === 'remove') {
      const taken = Array.isArray(holder) ? holder.splice(key, count) : [holder[key]]
      if (!Array.isArray(holder)) delete holder[key]
      if (slot !== undefined) taken.forEach((item, i) => aside.set(slot + i, item))
    } else if (op === 'add' && slot !== undefined) {
      const items = Array.from({ length: count }, (_, i) => aside.get(slot + i))
      if (Array.isArray(holder)) holder.splice(key, 0, ...items)
      else holder[key] = items[0]
    } else if (op === 'add') {
      if (Array.isArray(holder)) holder.splice(key, 0, value)
      else holder[key] = value
    } else if (op === 'replace') {
      // A value that is replaced keeps its place: it stands for what is there now.
      if (holder[key] !== target) holder[key] = value
    }
  }
  const find = (value, path) => {
    if (value === target) return path
    if (typeof value !== 'object' || value === null) return undefined
    for (const k of Object.keys(value)) {
      const found = find(value[k], [...path, Array.isArray(value) ? Number(k) : k])
      if (found) return found
    }
  }
  return find(top.root, [])
}
