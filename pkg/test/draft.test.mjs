// Drafts: what is written on one, against the same writes on a plain value, and against the published type's
// reading of the ops that were recorded.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type as json1 } from 'ot-json1'
import { RejoinError } from '../dist/errors.js'
import { recordChange } from '../dist/json/draft.js'
import { longestAscending } from '../dist/json/order.js'
import { freezeValue } from '../dist/json/value.js'
import { mutate, someMutation, someRoot } from './support/json.mjs'
import { below, pick, seeded } from './support/random.mjs'

const CASES = 6_000
const clone = (value) => JSON.parse(JSON.stringify(value))
const frozen = (value) => freezeValue(clone(value))

/** Applies recorded ops in turn with the published type. */
function applied(before, ops) {
  return ops.reduce((doc, op) => {
    json1.checkValidOp(op)
    return json1.apply(doc, op)
  }, clone(before))
}

function code(run, expected) {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RejoinError, `${error}`)
    assert.equal(error.code, expected, error.message)
    return true
  })
}

/** What is wrong with this sequence, if anything. */
function wrong(start, mutations) {
  const before = frozen(start)
  const plain = clone(start)
  let read
  try {
    for (const mutation of mutations) mutate(plain, mutation)
    const { ops, after } = recordChange(before, (draft) => {
      for (const mutation of mutations) mutate(draft, mutation, true)
      read = clone(draft)
    })
    assert.deepEqual(read, plain, 'what the draft reads')
    assert.deepEqual(after, plain, 'the value after')
    assert.deepEqual(applied(start, ops), plain, 'the recorded ops')
    assert.deepEqual(before, start, 'the value before is untouched')
    assertShared(before, after)
  } catch (error) {
    return error
  }
}

/** Everything is frozen, and what is equal under one key is the same object. */
function assertShared(before, after) {
  if (typeof after !== 'object' || after === null) return
  assert.ok(Object.isFrozen(after), 'not frozen')
  for (const key of Object.keys(after)) assertShared(undefined, after[key])
}

/** Leaves out what the failure does not need. */
function shrink(start, mutations) {
  for (let i = 0; i < mutations.length; i++) {
    const fewer = mutations.toSpliced(i, 1)
    if (wrong(start, fewer)) return shrink(start, fewer)
  }
  return mutations
}

describe('drafts', () => {
  it(`plain mutation = the draft = the recorded ops in turn (${CASES} random sequences)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const start = someRoot(random)
      const plain = clone(start)
      const mutations = []
      for (let n = 1 + below(random, 6); n > 0; n--) {
        const mutation = someMutation(random, plain)
        mutations.push(mutation)
        mutate(plain, mutation)
      }
      const error = wrong(start, mutations)
      if (error) {
        const small = shrink(start, mutations)
        assert.fail(`seed ${seed}: ${JSON.stringify({ start, mutations: small })}\n${wrong(start, small)?.stack}`)
      }
    }
  })

  it('a draft stays on its item while the list shifts, is sorted, and moves', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed)
      const start = { x: [], y: [] }
      for (let id = 0; id < 6; id++) pick(random, [start.x, start.y]).push({ id, tags: [{ of: id }] })
      const plain = clone(start)
      let held
      const { ops, after } = recordChange(frozen(start), (draft, { move }) => {
        held = new Map([...draft.x, ...draft.y].map((item) => [item.id, [item, item.tags[0]]]))
        for (let n = below(random, 8); n > 0; n--) {
          const [from, to] = [pick(random, ['x', 'y']), pick(random, ['x', 'y'])]
          if (random() < 0.4) {
            if (plain[from].length === 0) continue
            const i = below(random, plain[from].length)
            const [item] = plain[from].splice(i, 1)
            const j = below(random, plain[to].length + 1)
            plain[to].splice(j, 0, item)
            move(draft[from], i, draft[to], j)
          } else {
            const mutation = { path: [from], do: pick(random, ['reverse', 'shift', 'sortBy', 'filter']), args: [below(random, 99)] }
            mutate(plain, mutation)
            mutate(draft, mutation, true)
          }
        }
        const all = [...plain.x, ...plain.y]
        for (const [id, [item, tag]] of held) {
          const twin = all.find((other) => other.id === id)
          if (twin === undefined) {
            code(() => (item.mark = id), 'value-removed')
            code(() => (tag.mark = id), 'value-removed')
            assert.equal(item.id, id)
          } else {
            twin.mark = item.mark = id
            twin.tags[0].mark = tag.mark = id + 10
          }
        }
      })
      assert.deepEqual(after, plain, `seed ${seed}`)
      assert.deepEqual(applied(start, ops), plain, `seed ${seed}`)
    }
  })

  it('sorting moves as few items as can be', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed)
      const start = Array.from({ length: below(random, 12) }, (_, id) => ({ id, n: below(random, 20) }))
      const { ops, after } = recordChange(frozen(start), (draft) => {
        assert.equal(draft.sort((a, b) => a.n - b.n), draft)
      })
      assert.deepEqual(after, start.toSorted((a, b) => a.n - b.n))
      const moves = (JSON.stringify(ops).match(/"p":/g) ?? []).length
      assert.equal(moves, start.length - longest(after.map(({ id }) => id)), `seed ${seed}: ${JSON.stringify(start)}`)
      assert.ok(ops.length <= 1)
    }
  })

  it('longestAscending gives an ascending run, and none is longer', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed)
      const values = Array.from({ length: below(random, 9) }, (_, i) => i).sort(() => random() - 0.5)
      const run = longestAscending(values)
      for (let i = 1; i < run.length; i++) assert.ok(run[i - 1] < run[i] && values[run[i - 1]] < values[run[i]])
      assert.equal(run.length, longest(values))
    }
  })

  const todos = () => frozen({ todos: [{ t: 'a', done: false }, { t: 'b', done: false }, { t: 'c', done: false }], n: 1, note: 'hi', m: { x: 1, y: 2 } })
  const opsOf = (run, value = todos()) => recordChange(value, run).ops

  it('each write is the small op that it is', () => {
    const cases = [
      [(d) => (d.todos[0].done = true), [['todos', 0, 'done', { r: true, i: true }]]],
      [(d) => (d.todos[0].done = false), []],
      [(d) => (d.todos = d.todos), []],
      [(d) => (d.m = { y: 2, x: 1 }), []],
      [(d) => (d.m = { x: 1, y: 3, z: [] }), [['m', 'y', { r: true, i: 3 }], ['m', 'z', { i: [] }]]],
      [(d) => (d.m = [1]), [['m', { r: true, i: [1] }]]],
      [(d) => delete d.note, [['note', { r: true }]]],
      [(d) => delete d.nothing, []],
      [(d) => (d.note = undefined), [['note', { r: true }]]],
      [(d) => d.todos.push({ t: 'd' }, null), [['todos', [3, { i: { t: 'd' } }], [4, { i: null }]]]],
      [(d) => d.todos.pop(), [['todos', 2, { r: true }]]],
      [(d) => d.todos.shift(), [['todos', 0, { r: true }]]],
      [(d) => d.todos.splice(1, 1, 'x'), [['todos', 1, { r: true, i: 'x' }]]],
      [(d) => (d.todos.length = 1), [['todos', [1, { r: true }], [2, { r: true }]]]],
      [(d) => d.todos.reverse(), [['todos', [0, { d: 0 }], [1, { p: 1, d: 1 }], [2, { p: 0 }]]]],
      [(d) => (d.todos = d.todos.filter(({ t }) => t !== 'b')), [['todos', 1, { r: true }]]],
      [(d) => (d.todos = d.todos.map((x) => (x.t === 'b' ? { ...x, done: true } : x))), [['todos', 1, 'done', { r: true, i: true }]]],
      // Not as many: nothing tells which is which.
      [(d) => (d.todos = [{ t: 'x' }]), [['todos', [0, { r: true, i: { t: 'x' } }], [1, { r: true }], [2, { r: true }]]]],
      [(d) => d.todos.splice(), []],
      [(d) => d.todos.splice(1, undefined), []],
      [(d) => d.todos.splice(-1), [['todos', 2, { r: true }]]],
      [(d) => (d.todos = [d.todos[2], { t: 'new' }, d.todos[0], d.todos[1]]), [['todos', [0, { d: 0 }], [1, { i: { t: 'new' } }], [2, { p: 0 }]]]],
      [(d, { move }) => move(d.todos, 0, d.todos, 2), [['todos', [0, { p: 0 }], [2, { d: 0 }]]]],
      [(d, { move }) => move(d.todos, 0, d, 'first'), [[['first', { d: 0 }], ['todos', 0, { p: 0 }]]]],
      [(d, { move }) => move(d.todos, 0, d.todos[1], 'sub'), [['todos', 0, { p: 0 }, 'sub', { d: 0 }]]],
      [(d, { increment }) => increment(d, 'n', 2), [['n', { ena: 2 }]]],
      [(d, { increment }) => increment(d, 'n', 0), []],
      [(d, { text }) => text(d, 'note').insert(2, '!'), [['note', { es: [2, '!'] }]]],
      [(d, { text }) => text(d.todos[0], 't').replace(0, 1, 'A'), [['todos', 0, 't', { es: ['A', { d: 1 }] }]]],
    ]
    for (const [run, expected] of cases) {
      const ops = opsOf(run)
      assert.deepEqual(ops, expected, String(run))
      applied(todos(), ops)
    }
  })

  it('edits the right item when its elder goes', () => {
    const { ops, after } = recordChange(todos(), (d) => {
      const t = d.todos[1]
      d.todos.shift()
      t.done = true
    })
    assert.deepEqual(ops, [['todos', 0, { r: true }], ['todos', 0, 'done', { r: true, i: true }]])
    assert.equal(after.todos[0].t, 'b')
    assert.equal(after.todos[0].done, true)
  })

  it('tells equal items apart by their drafts', () => {
    const { ops, after } = recordChange(frozen({ l: [{}, {}, 1] }), (d) => {
      const [a, b] = d.l
      d.l = [1, b, a]
      a.is = 'a'
      b.is = 'b'
    })
    assert.deepEqual(after, { l: [1, { is: 'b' }, { is: 'a' }] })
    assert.deepEqual(applied({ l: [{}, {}, 1] }, ops), after)
  })

  it('text follows its string, and counts scalars', () => {
    const before = frozen({ l: ['a', '😀x', 'c'], o: {} })
    const { ops, after } = recordChange(before, (d, { text, move }) => {
      const middle = text(d.l, 1)
      d.l.shift()
      middle.insert(2, 'é')
      move(d.l, 0, d.o, 'k')
      middle.change([{ from: 0, to: 2, insert: 'A' }, { from: 2, to: 3, insert: '' }, { from: 4, to: 4, insert: 'Z' }])
      assert.equal(String(middle), 'AxZ')
      assert.equal(middle.length, 3)
      code(() => middle.insert(4, ''), 'offset-out-of-bounds')
      d.o.k = 'gone'
      code(() => middle.insert(0, 'x'), 'value-removed')
      code(() => text(d.l, 7), 'wrong-type')
      code(() => text(d.o, 'k').insert(0, '\ud800'), 'lone-surrogate')
    })
    assert.deepEqual(after, { l: ['c'], o: { k: 'gone' } })
    assert.deepEqual(ops[1], ['l', 0, { es: [1, 'é'] }])
    assert.deepEqual(ops[3], ['o', 'k', { es: ['A', { d: 2 }, 1, 'Z'] }])
    assert.deepEqual(applied(before, ops), after)
  })

  it('what is not touched keeps its identity, and everything is frozen', () => {
    const before = todos()
    const { after } = recordChange(before, (d) => {
      d.todos[1].done = true
      // Looking at something does not change it.
      assert.equal(d.m.x, 1)
      for (const t of d.todos) void t.t
    })
    assert.notEqual(after, before)
    assert.notEqual(after.todos, before.todos)
    assert.notEqual(after.todos[1], before.todos[1])
    assert.equal(after.todos[0], before.todos[0])
    assert.equal(after.todos[2], before.todos[2])
    assert.equal(after.m, before.m)
    assert.equal(recordChange(before, (d) => void JSON.stringify(d)).after, before)
    const moved = recordChange(before, (d) => void d.todos.reverse()).after
    assert.equal(moved.todos[0], before.todos[2])
    assert.throws(() => (after.todos[1].done = false), TypeError)
  })

  it('reads like an array or an object', () => {
    recordChange(todos(), (d) => {
      assert.ok(Array.isArray(d.todos))
      assert.equal(d.todos, d.todos)
      assert.equal(d.todos.find(({ t }) => t === 'b'), d.todos[1])
      assert.equal(d.todos.indexOf(d.todos[2]), 2)
      assert.deepEqual(Object.keys(d), ['todos', 'n', 'note', 'm'])
      assert.deepEqual({ ...d.m }, { x: 1, y: 2 })
      assert.deepEqual(d.todos.map(({ t }) => t), ['a', 'b', 'c'])
      assert.deepEqual([...d.todos].length, 3)
      assert.ok('n' in d && !('q' in d) && 1 in d.todos && !(3 in d.todos))
      assert.equal(d.todos.at(-1).t, 'c')
      assert.equal(JSON.stringify(d), JSON.stringify(todos()))
      assert.equal(d.toString, Object.prototype.toString)
      assert.equal(Object.hasOwn(d, 'toString'), false)
      const [removed] = d.todos.splice(0, 1)
      assert.equal(removed.t, 'a')
      assert.deepEqual(d.todos.concat([1]).length, 3)
      d.constructor = { toString: 1 }
      assert.equal(d.constructor.toString, 1)
    })
  })

  it('a part of the document that is assigned elsewhere is copied', () => {
    const { after } = recordChange(todos(), (d) => {
      const [first] = d.todos
      d.copy = first
      first.done = true
      assert.notEqual(d.copy, first)
      const given = { x: 1 }
      d.given = given
      given.x = 2
      d.swap = [d.m, d.note]
      const { m } = d
      d.m = d.todos[1]
      // What was replaced can be read on, as in plain JavaScript; a write to it would be lost, so it throws.
      assert.equal(m.x, 1)
      code(() => (m.x = 2), 'value-removed')
    })
    assert.equal(after.copy.done, false)
    assert.equal(after.todos[0].done, true)
    assert.deepEqual(after.given, { x: 1 })
    assert.deepEqual(after.swap, [{ x: 1, y: 2 }, 'hi'])
  })

  it('swaps through the draft itself', () => {
    const before = frozen({ a: { l: [1] }, b: { l: [2] } })
    const { ops, after } = recordChange(before, (d) => {
      ;[d.a, d.b] = [d.b, d.a]
    })
    assert.deepEqual(after, { a: { l: [2] }, b: { l: [1] } })
    assert.deepEqual(applied(before, ops), after)
    const whole = frozen({ p: { a: [1], b: [2, 3] } })
    assert.deepEqual(recordChange(whole, (d) => void (d.p = { a: d.p.b, b: d.p.a })).after, { p: { a: [2, 3], b: [1] } })
  })

  it('refuses what JSON does not have, and says where', () => {
    recordChange(todos(), (d, { move, increment }) => {
      const cyclic = {}
      cyclic.self = cyclic
      for (const bad of [NaN, Infinity, () => 1, Symbol('x'), 1n, new Date(0), new Map(), cyclic, [undefined], { ['__proto__']: 1, x: undefined, y: [1, { z: NaN }] }]) {
        code(() => (d.bad = bad), 'invalid-value')
      }
      code(() => d.todos.push(undefined), 'invalid-value')
      code(() => (d.bad = 'a\ud800'), 'lone-surrogate')
      code(() => (d['\udc00'] = 1), 'lone-surrogate')
      code(() => (d[Symbol('x')] = 1), 'invalid-argument')
      code(() => (d.todos.name = 1), 'invalid-argument')
      code(() => (d.todos[5] = 1), 'path-not-found')
      code(() => delete d.todos[0], 'invalid-argument')
      code(() => (d.todos.length = 9), 'invalid-argument')
      code(() => Object.defineProperty(d, 'x', { value: 1 }), 'invalid-argument')
      code(() => Object.freeze(d), 'invalid-argument')
      code(() => Object.setPrototypeOf(d, null), 'invalid-argument')
      code(() => move(d, 'm', d.m, 'x'), 'invalid-path')
      code(() => move(d, 'm', d, 'n'), 'path-occupied')
      code(() => move(d.todos, 9, d, 'x'), 'path-not-found')
      code(() => move(d, 'n', d.todos, 4), 'path-not-found')
      code(() => move(d.todos, 0, d.todos, 3), 'path-not-found')
      code(() => move({}, 'a', d, 'x'), 'invalid-argument')
      code(() => increment(d, 'note'), 'wrong-type')
      code(() => increment(d, 'n', 0.5), 'unsafe-integer')
      code(() => increment(d, 'n', Number.MAX_SAFE_INTEGER), 'unsafe-integer')
      assert.equal(JSON.stringify(d), JSON.stringify(todos()), 'nothing was changed')
    })
    assert.throws(
      () => recordChange(todos(), (d) => void (d.m = { y: [1, { z: NaN }] })),
      (error) => (assert.deepEqual(error.details.path, ['y', 1, 'z']), true),
    )
  })

  it('keys without a value are left out; -0 is 0', () => {
    const { after } = recordChange(todos(), (d) => void (d.m = Object.freeze({ a: undefined, b: -0, c: Object.freeze([-0]) })))
    assert.deepEqual(after.m, { b: 0, c: [0] })
    assert.ok(Object.is(after.m.b, 0) && Object.is(after.m.c[0], 0))
  })

  it('drafts end with their change', async () => {
    let leaked
    recordChange(todos(), (d) => void (leaked = d.todos))
    code(() => leaked.push(1), 'draft-ended')
    code(() => leaked[0], 'draft-ended')
    code(() => leaked.length, 'draft-ended')
    code(() => recordChange(todos(), (d) => void (d.x = leaked)), 'draft-ended')
    code(() => recordChange(todos(), async (d) => (await null, (d.x = 1))), 'async-change')
    await new Promise((resolve) => setTimeout(resolve, 5))
    code(() => recordChange('text', () => {}), 'wrong-type')
    code(() => recordChange(undefined, () => {}), 'wrong-type')
    assert.throws(() => recordChange(todos(), () => { throw new SyntaxError('mine') }), SyntaxError)
  })

  it('long lists: one op for each call, and no deep stack', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => i)
    const { ops, after } = recordChange(frozen({ l: [] }), (d) => {
      d.l = many
      d.l = d.l.filter((n) => n % 2)
    })
    assert.equal(ops.length, 2)
    assert.equal(after.l.length, 100_000)
  })
})

/** The length of a longest ascending subsequence, by the book. */
function longest(values) {
  const best = values.map(() => 1)
  values.forEach((value, i) => {
    for (let j = 0; j < i; j++) if (values[j] < value) best[i] = Math.max(best[i], best[j] + 1)
  })
  return Math.max(0, ...best)
}
