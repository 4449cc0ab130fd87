import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyChanges, composeChanges, mapOffset, minimalChange, rebaseChanges } from '../dist/changes.js'
import { changesOfOp } from '../dist/text-op.js'
import { below, pick, seeded, someChange, someOffset, someText } from './support/random.mjs'

const CASES = 20_000

/** Several canonical changes of one text. */
function someChanges(random, text) {
  let changes = []
  let now = text
  for (let n = below(random, 4); n > 0; n--) {
    const change = someChange(random, now)
    if (change.from === change.to && change.insert === '') continue
    now = applyChanges(now, [change])
    changes = composeChanges(changes, [change])
  }
  return changes
}

describe('changes', () => {
  it(`apply(apply(t, a), b) = apply(t, compose(a, b)), canonically (${CASES} cases)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const text = someText(random, 10)
      const a = someChanges(random, text)
      const middle = applyChanges(text, a)
      const b = someChanges(random, middle)
      const both = composeChanges(a, b)
      assert.equal(applyChanges(text, both), applyChanges(middle, b), `seed ${seed}`)
      let last = -1
      for (const { from, to, insert } of both) {
        assert.ok(from > last && to >= from && (to > from || insert !== ''), `not canonical, seed ${seed}: ${JSON.stringify(both)}`)
        last = to
      }
    }
  })

  it(`minimalChange gives the text after, whole characters, ending at the caret (${CASES} cases)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const before = someText(random, 8)
      const change = someChange(random, before)
      const after = applyChanges(before, [change])
      const found = minimalChange(before, after, change.from + change.insert.length)
      if (before === after) {
        assert.equal(found, undefined)
        continue
      }
      assert.equal(applyChanges(before, [found]), after, `seed ${seed}`)
      assert.ok(found.insert.isWellFormed() && before.slice(found.from, found.to).isWellFormed(), `seed ${seed}`)
      const size = ({ from, to, insert }) => to - from + insert.length
      assert.ok(size(found) <= size(change), `larger than what was done, seed ${seed}`)
    }
  })

  it('minimalChange places a repeated character at the caret', () => {
    assert.deepEqual(minimalChange('aaa', 'aaaa', 2), { from: 1, to: 1, insert: 'a' })
    assert.deepEqual(minimalChange('aaa', 'aaaa', 4), { from: 3, to: 3, insert: 'a' })
    assert.deepEqual(minimalChange('aaa', 'aa', 1), { from: 1, to: 2, insert: '' })
  })

  it('minimalChange between emoji that share half a pair', () => {
    assert.deepEqual(minimalChange('😀', '😁'), { from: 0, to: 2, insert: '😁' })
    assert.deepEqual(minimalChange('x\u{1F600}y', 'x\u{1FA00}y'), { from: 1, to: 3, insert: '\u{1FA00}' })
  })

  it(`rebaseChanges keeps what others inserted, inserts once, deletes what is left (${CASES} cases)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      // Each side inserts its own letters, so that the result can be told apart.
      const text = 'abcdefghij'
      const mine = upper(someChanges(random, text), 'M')
      const theirs = upper(someChanges(random, text), 'T')
      const after = applyChanges(text, theirs)
      const result = applyChanges(after, rebaseChanges(mine, theirs))
      const count = (of, letter) => [...of].filter((c) => c === letter).length
      assert.equal(count(result, 'T'), count(after, 'T'), `seed ${seed}`)
      assert.equal(count(result, 'M'), count(applyChanges(text, mine), 'M'), `seed ${seed}`)
      const kept = (changes) => [...applyChanges(text, changes)].filter((c) => c >= 'a')
      const both = kept(mine).filter((c) => kept(theirs).includes(c))
      assert.deepEqual([...result].filter((c) => c >= 'a'), both, `seed ${seed}`)
    }
  })

  it(`rebasing either of two over the other gives the same text (${CASES} cases)`, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const text = someText(random, 8)
      const a = someChanges(random, text)
      const change = someChange(random, text)
      const b = change.from === change.to && change.insert === '' ? [] : [change]
      const one = applyChanges(applyChanges(text, a), rebaseChanges(b, a, 'after'))
      const other = applyChanges(applyChanges(text, b), rebaseChanges(a, b, 'before'))
      assert.equal(one, other, `seed ${seed}: ${JSON.stringify({ text, a, b })}`)
    }
  })

  it('minimalChange in long texts: differences in the middle of, at and between the pieces it compares', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const random = seeded(seed)
      const before = 'abcdefgh'.repeat(520)
      const from = Math.min(before.length, pick(random, [0, 1023, 1024, 1025, 2048, 3000, 4160, below(random, 4160)]))
      const to = Math.min(before.length, from + pick(random, [0, 1, 8, 1024, 1030]))
      const insert = pick(random, ['', 'a', 'xyz', '😀', 'abcdefgh', 'abcdefgh'.repeat(130)])
      const after = before.slice(0, from) + insert + before.slice(to)
      const found = minimalChange(before, after, from + insert.length)
      if (before === after) assert.equal(found, undefined)
      else {
        assert.equal(applyChanges(before, [found]), after, `seed ${seed}`)
        assert.ok(found.to - found.from + found.insert.length <= to - from + insert.length, `seed ${seed}`)
      }
    }
  })

  it('mapOffset agrees with where a marked character goes', () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const text = someText(random, 8)
      const changes = someChanges(random, text)
      const offset = someOffset(random, text)
      // The part before the offset, changed alone, is as long as where the offset goes.
      const before = (bias) =>
        changes
          .filter(({ from, to }) => from < offset || (from === offset && bias === 'after'))
          .map(({ from, to, insert }) => ({ from, to: Math.min(to, offset), insert }))
      for (const bias of ['before', 'after']) {
        const expected = applyChanges(text.slice(0, offset), before(bias)).length
        assert.equal(mapOffset(changes, offset, bias), expected, `seed ${seed} ${bias}`)
      }
    }
  })

  it('changesOfOp counts characters outside the BMP as two', () => {
    assert.deepEqual(changesOfOp([1, 'x', { d: 1 }, 1, { d: '😀' }], '😀a😀😀'), [
      { from: 2, to: 3, insert: 'x' },
      { from: 5, to: 7, insert: '' },
    ])
  })
})

function upper(changes, letter) {
  return changes.map(({ from, to, insert }) => ({ from, to, insert: letter.repeat(insert.length) }))
}
