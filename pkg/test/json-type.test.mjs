// The json type of rejoin/types: the published fuzzer drives it; a plain model says what each op comes to.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { init, json, RejoinError } from '../dist/types.js'

const CASES = Number(process.env.REJOIN_FUZZ_ITERATIONS ?? 2_000)
const folder = mkdtempSync(join(tmpdir(), 'rejoin-'))
// It keeps its state in the folder it runs in, to go on after a crash.
process.chdir(folder)
const fuzzer = createRequire(import.meta.url)('ot-fuzzer')
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const { randomInt, randomWord } = fuzzer
const clone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
const pick = (items) => items[randomInt(items.length)]

function code(run, expected) {
  assert.throws(run, (error) => error instanceof RejoinError && (assert.equal(error.code, expected, error.message), true))
}

function someValue(depth = 2) {
  switch (randomInt(depth > 0 ? 7 : 5)) {
    case 0:
      return pick([null, true, false])
    case 1:
    case 2:
      return randomInt(20) - 5
    case 3:
    case 4:
      return `${randomWord()}${pick(['', '😀', 'é'])}`
    case 5:
      return Array.from({ length: randomInt(4) }, () => someValue(depth - 1))
    default:
      return Object.fromEntries(Array.from({ length: randomInt(4) }, () => [someKey(), someValue(depth - 1)]))
  }
}

const someKey = () => pick(['x', 'y', 'z', '1', 'toString', randomWord()])

/** Every place of a value. */
function places(value, path = []) {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value)
  return [[path, value], ...keys.flatMap((key) => places(value[key], [...path, key]))]
}

const at = (value, path) => path.reduce((value, key) => value[key], value)

function take(doc, path) {
  const container = at(doc, path.slice(0, -1))
  const key = path.at(-1)
  const value = container[key]
  if (Array.isArray(container)) container.splice(key, 1)
  else delete container[key]
  return value
}

function put(doc, path, value) {
  const container = at(doc, path.slice(0, -1))
  if (Array.isArray(container)) container.splice(path.at(-1), 0, value)
  else Object.defineProperty(container, path.at(-1), { value, writable: true, enumerable: true, configurable: true })
}

/** A place of a container where nothing is. */
function someGap(doc) {
  const containers = places(doc).filter(([, value]) => typeof value === 'object' && value !== null)
  if (containers.length === 0) return undefined
  const [path, container] = pick(containers)
  const key = Array.isArray(container) ? randomInt(container.length + 1) : someKey()
  return Array.isArray(container) || !Object.hasOwn(container, key) ? [...path, key] : undefined
}

/** One change: the op, and the document after it as plain JavaScript makes it. */
function someEdit(before) {
  const doc = clone(before)
  const all = places(doc)
  const inside = all.filter(([path]) => path.length > 0)
  const [path, value] = pick(all)
  const dice = randomInt(12)
  if (dice === 0 || typeof doc !== 'object' || doc === null) {
    if (typeof doc === 'string' && dice > 6) return [[{ es: ['>'] }], `>${doc}`]
    const root = someValue(3)
    return [[{ r: true, i: root }], clone(root)]
  }
  if (dice < 5) {
    const gap = someGap(doc)
    if (gap === undefined) return [null, doc]
    const literal = someValue()
    put(doc, gap, clone(literal))
    return [[...gap, { i: literal }], doc]
  }
  if (inside.length === 0) return [null, doc]
  const [place] = pick(inside)
  if (dice < 7) {
    take(doc, place)
    return [[...place, { r: true }], doc]
  }
  if (dice < 9) {
    const moved = take(doc, place)
    const gap = someGap(doc)
    if (gap === undefined || JSON.stringify(gap) === JSON.stringify(place)) return [null, clone(before)]
    put(doc, gap, moved)
    return [branch([place, { p: 0 }], [gap, { d: 0 }]), doc]
  }
  if (dice === 9) {
    const literal = someValue()
    take(doc, place)
    put(doc, place, clone(literal))
    return [[...place, { r: true, i: literal }], doc]
  }
  if (typeof value === 'number' && path.length > 0) {
    const by = randomInt(9) - 4
    at(doc, path.slice(0, -1))[path.at(-1)] += by
    return [by === 0 ? null : [...path, { ena: by }], doc]
  }
  if (typeof value === 'string' && path.length > 0) {
    const characters = [...value]
    const from = randomInt(characters.length + 1)
    const deleted = randomInt(Math.min(3, characters.length - from) + 1)
    const insert = randomInt(3) === 0 ? '' : randomWord()
    characters.splice(from, deleted, insert)
    at(doc, path.slice(0, -1))[path.at(-1)] = characters.join('')
    const es = [...(from > 0 ? [from] : []), ...(insert === '' ? [] : [insert]), ...(deleted > 0 ? [{ d: deleted }] : [])]
    return [insert === '' && deleted === 0 ? null : [...path, { es }], doc]
  }
  return [null, doc]
}

/** The op that does both: where their ways part, it branches off, the smaller key first. */
function branch([a, one], [b, two]) {
  let shared = 0
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++
  if (shared === a.length && shared === b.length) return [...a, { ...one, ...two }]
  if (shared === a.length) return [...a, one, ...b.slice(shared), two]
  if (shared === b.length) return [...b, two, ...a.slice(shared), one]
  const parts = [[...a.slice(shared), one], [...b.slice(shared), two]]
  const rank = ([key]) => [typeof key === 'number' ? 0 : 1, key]
  parts.sort((x, y) => {
    const [[kx, vx], [ky, vy]] = [rank(x), rank(y)]
    return kx !== ky ? kx - ky : vx < vy ? -1 : 1
  })
  return [...a.slice(0, shared), ...parts]
}

/** Some changes as one op. */
function someOp(before) {
  let op = null
  let doc = clone(before)
  for (let n = 1 + randomInt(3); n > 0; n--) {
    const [edit, after] = someEdit(doc)
    op = json.compose(op, edit)
    doc = after
  }
  return [op, doc]
}

describe('the json type', () => {
  before(() => init())

  it(`the published fuzzer finds nothing (${CASES} iterations)`, { timeout: 3_600_000 }, () => {
    // It counts calls by changing the type. Key order carries no meaning; deepStrictEqual knows that.
    fuzzer({ ...json }, someOp, CASES)
  })

  it('undoing with the document takes back; an op with its content is read again', () => {
    let doc = { list: [1, 'two', { three: 3 }], text: 'abc' }
    for (let n = 0; n < 1_000; n++) {
      const [op, after] = someOp(doc)
      assert.deepEqual(json.apply(doc, op), after)
      assert.deepEqual(json.apply(after, json.invertWithDoc(op, doc)), doc)
      const told = json.makeInvertible(op, doc)
      assert.deepEqual(json.apply(doc, told), after)
      assert.deepEqual(json.normalize(told), told)
      json.checkOp(op)
      assert.deepEqual(json.apply(doc, json.diff(doc, after)), after)
      for (const [path, value] of places(doc).slice(1)) {
        const to = json.transformPosition(path, op)
        // A value that no edit could reach, found where it is said to be.
        if (to !== null && typeof value === 'boolean') assert.equal(at(after, to), value)
      }
      doc = JSON.stringify(after).length < 2_000 ? after : { list: [], text: '' }
    }
  })

  it('each call does what it says', () => {
    const op = ['a', { r: true, i: 2 }]
    assert.deepEqual(json.apply({ a: 1 }, op), { a: 2 })
    assert.deepEqual(json.compose(['a', { i: 1 }], ['b', { i: 2 }]), [['a', { i: 1 }], ['b', { i: 2 }]])
    assert.deepEqual(json.transform([1, { r: true }], [0, { r: true }], 'left'), [0, { r: true }])
    assert.deepEqual(json.makeInvertible(op, { a: 1 }), ['a', { r: 1, i: 2 }])
    assert.deepEqual(json.invertWithDoc(op, { a: 1 }), ['a', { r: true, i: 1 }])
    assert.deepEqual(json.diff({ a: 'x' }, { a: 2 }), ['a', { r: true, i: 2 }])
    assert.equal(json.diff({ a: 1 }, { a: 1 }), null)
    assert.deepEqual(json.transformPosition([2, 'x'], [0, { r: true }]), [1, 'x'])
    assert.equal(json.transformPosition([2, 'x'], [2, { r: true }]), null)
    assert.deepEqual(json.transformPosition(['a', 'x'], [['a', { p: 0 }], ['b', { d: 0 }]]), ['b', 'x'])
    assert.deepEqual(json.create({ a: 1 }), { a: 1 })
    assert.equal(json.create(), null)
    assert.deepEqual(json.apply(undefined, [{ i: 1 }]), 1)
    assert.equal(json.apply(1, [{ r: true }]), undefined)
    assert.deepEqual(json.tryTransform(['a', { i: 1 }], ['b', { i: 1 }], 'left'), { ok: true, result: ['a', { i: 1 }] })
    assert.deepEqual(json.tryTransform(['a', { i: 1 }], ['a', { i: 2 }], 'left'), {
      ok: false,
      conflicts: [{ kind: 'DropCollision', left: [{ do: 'insert', at: ['a'], value: 1 }], right: [{ do: 'insert', at: ['a'], value: 2 }] }],
    })
    json.checkOp(op)
    json.checkValidOp(op)
  })

  it('bad input: typed errors with codes', () => {
    const op = ['a', { r: true, i: 2 }]
    code(() => json.apply({}, op), 'does-not-fit')
    code(() => json.apply({ a: 'x' }, ['a', { ena: 1 }]), 'does-not-fit')
    code(() => json.apply({ a: 0.5 }, ['a', { ena: 1 }]), 'unsafe-integer')
    code(() => json.apply({ a: 'x' }, ['a', { es: [3, 'y'] }]), 'op-too-long')
    code(() => json.checkOp(['a', { p: 0 }]), 'malformed-op')
    code(() => json.checkOp('x'), 'malformed-op')
    code(() => json.apply({}, ['a', { i: '\ud800' }]), 'lone-surrogate')
    code(() => json.apply({ a: NaN }, op), 'invalid-value')
    code(() => json.transform(op, op, 'up'), 'invalid-argument')
    code(() => json.create(() => 1), 'invalid-value')
  })
})
