import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { bindTextarea, Client, init, memoryStorage, silentLogger } from '../dist/index.js'
import { LineEnds } from '../dist/line-ends.js'
import { FakeServer } from './support/server.mjs'
import { fakeClock } from './support/clock.mjs'
import { FakeTextarea } from './support/textarea.mjs'
import { below, pick, seeded, someChange, someOffset, someText } from './support/random.mjs'

before(() => init())

/** A bound element, and another handle on the same text that plays everybody else. */
async function setUp(create, options) {
  const client = new Client({ storage: memoryStorage(), logger: silentLogger })
  const doc = await client.open('d', { create })
  const element = new FakeTextarea()
  const unbind = bindTextarea(doc.text(), element, options)
  return { doc, text: doc.text(), element, unbind, client }
}

/** A screen whose frames the test draws. */
function fakeFrames() {
  const waiting = new Map()
  let next = 1
  globalThis.requestAnimationFrame = (run) => (waiting.set(next, run), next++)
  globalThis.cancelAnimationFrame = (id) => waiting.delete(id)
  return {
    run() {
      const now = [...waiting.values()]
      waiting.clear()
      for (const run of now) run()
    },
    end() {
      delete globalThis.requestAnimationFrame
      delete globalThis.cancelAnimationFrame
    },
  }
}

describe('bindTextarea', () => {
  it('shows the text, takes what is typed as the smallest edit, and shows what others do', async () => {
    const { doc, text, element, unbind } = await setUp('Hello 😀')
    assert.equal(element.value, 'Hello 😀')
    const changes = []
    doc.on('change', (event) => changes.push(...event.changes))
    element.select(5)
    element.type('!')
    assert.equal(doc.value, 'Hello! 😀')
    assert.deepEqual(changes, [{ from: 5, to: 5, insert: '!' }])
    text.insert(0, '> ')
    assert.equal(element.value, '> Hello! 😀')
    assert.equal(element.selectionStart, 8, 'the caret stays where it was in the text')
    unbind()
    text.insert(0, 'x')
    element.type('y')
    assert.equal(element.value, '> Hello!y 😀')
    assert.equal(doc.value, 'x> Hello! 😀')
  })

  it('keeps selection, direction and scroll over edits of others', async () => {
    const { text, element } = await setUp('one two three')
    element.setSelectionRange(4, 7, 'backward')
    element.scrollTop = 40
    element.scrollLeft = 3
    text.insert(0, '012 ')
    text.insert(text.length, ' four')
    assert.equal(element.value.slice(element.selectionStart, element.selectionEnd), 'two')
    assert.equal(element.selectionDirection, 'backward')
    assert.deepEqual([element.scrollTop, element.scrollLeft], [40, 3])
    text.insert(8, '<')
    assert.equal(element.value.slice(element.selectionStart, element.selectionEnd), 'two', 'what is typed at its start stays outside')
    text.insert(12, '>')
    assert.equal(element.value.slice(element.selectionStart, element.selectionEnd), 'two')
    text.insert(10, '-')
    assert.equal(element.value.slice(element.selectionStart, element.selectionEnd), 't-wo')
    text.delete(9, 4)
    assert.equal(element.selectionStart, element.selectionEnd)
  })

  it('a caret stays before what others insert at its place', async () => {
    const { text, element } = await setUp('ab')
    element.select(1)
    text.insert(1, 'XYZ')
    assert.equal(element.selectionStart, 1)
    assert.equal(element.selectionEnd, 1)
  })

  it('leaves the element alone while an input method composes, and rebases after', async () => {
    const { doc, text, element } = await setUp('ab')
    element.select(1)
    element.fire('compositionstart')
    element.type('n', { isComposing: true })
    element.select(1, 2)
    text.insert(0, 'remote ')
    text.insert(text.length, ' end')
    assert.equal(element.value, 'anb', 'untouched')
    assert.equal(doc.value, 'remote ab end', 'half a composition is nobody else’s business')
    element.type('に', { isComposing: true })
    element.fire('compositionend')
    assert.equal(doc.value, 'remote aにb end')
    assert.equal(element.value, doc.value)
    assert.equal(element.selectionStart, 9, 'behind the composed character')
    element.type('!')
    assert.equal(doc.value, 'remote aに!b end')
  })

  it('a composition that others edit into', async () => {
    const { doc, text, element } = await setUp('abcdef')
    element.select(1, 5)
    element.fire('compositionstart')
    element.type('文', { isComposing: true })
    text.replace(2, 1, 'XY')
    element.fire('compositionend')
    assert.equal(doc.value, 'a文XYf', 'what they inserted survives, what both deleted is gone')
    assert.equal(element.value, doc.value)
    assert.equal(element.selectionStart, 2)
  })

  it('a cancelled composition changes nothing', async () => {
    const { doc, text, element } = await setUp('ab')
    element.select(2)
    element.fire('compositionstart')
    element.type('n', { isComposing: true })
    text.insert(0, 'x')
    element.select(2, 3)
    element.type('', { isComposing: true })
    element.fire('compositionend')
    assert.equal(doc.value, 'xab')
    assert.equal(element.value, 'xab')
    assert.equal(element.selectionStart, 3)
  })

  it('a composition that ends without compositionend: by blur, or by plain input', async () => {
    const { doc, element } = await setUp('')
    element.fire('compositionstart')
    element.type('a', { isComposing: true })
    element.fire('blur')
    assert.equal(doc.value, 'a')
    element.fire('compositionstart')
    element.type('b', { isComposing: true })
    element.type('c')
    assert.equal(doc.value, 'abc')
  })

  it('unbinding in the middle of a composition keeps what was composed', async () => {
    const { doc, element, unbind } = await setUp('')
    element.fire('compositionstart')
    element.type('a', { isComposing: true })
    unbind()
    assert.equal(doc.value, 'a')
  })

  it('typing that was not told yet is taken before an edit of others shows', async () => {
    const { doc, text, element } = await setUp('ab')
    element.select(2)
    element.type('c', { event: false })
    text.insert(0, 'x')
    assert.equal(doc.value, 'xabc')
    assert.equal(element.value, 'xabc')
    assert.equal(element.selectionStart, 4)
  })

  it('a listener that edits in answer to what was typed: both show, and both stay', async () => {
    const { doc, text, element } = await setUp('')
    doc.on('change', ({ origin }) => {
      const at = doc.value.indexOf('teh')
      if (origin === 'local' && at !== -1) text.replace(at, 3, 'the')
    })
    for (const letter of 'teh cat') element.type(letter)
    assert.equal(doc.value, 'the cat')
    assert.equal(element.value, 'the cat')
    assert.equal(element.selectionStart, 7)
  })

  it('edits within one frame are shown by the first and with the next frame; typing in between is taken', async () => {
    const frames = fakeFrames()
    try {
      const { doc, text, element, unbind } = await setUp('0123456789')
      let sets = 0
      const { setRangeText } = element
      element.setRangeText = (...args) => (sets++, setRangeText.apply(element, args))
      element.select(5)
      text.insert(0, 'a')
      assert.equal(element.value, 'a0123456789', 'the first at once')
      for (let i = 0; i < 100; i++) text.insert(text.length, '!')
      text.delete(0, 1)
      assert.equal(element.value, 'a0123456789')
      element.type('-')
      assert.equal(doc.value, '01234-56789' + '!'.repeat(100))
      text.insert(0, '<')
      assert.equal(sets, 1)
      frames.run()
      assert.equal(element.value, doc.value)
      assert.equal(element.selectionStart, 7)
      assert.equal(sets, 2)
      frames.run()
      assert.equal(sets, 2)
      text.insert(0, 'b')
      text.insert(0, 'c')
      assert.ok(element.value.startsWith('b'))
      unbind()
      assert.equal(element.value, doc.value, 'unbinding does not wait')
    } finally {
      frames.end()
    }
  })

  it('random typing and edits of others over random frames', async () => {
    const frames = fakeFrames()
    try {
      for (let seed = 0; seed < 500; seed++) {
        const random = seeded(seed)
        const { doc, text, element, client } = await setUp(someText(random, 10))
        for (let step = 0; step < 30; step++) {
          const dice = below(random, 5)
          if (dice === 0) frames.run()
          else if (dice === 1) {
            const at = someOffset(random, element.value)
            element.select(at)
            element.type(someText(random, 3), { event: below(random, 4) > 0 })
          } else text.change([someChange(random, text.toString())])
        }
        frames.run()
        element.fire('input', { isComposing: false })
        frames.run()
        assert.equal(element.value, new LineEnds(doc.value).shown, `seed ${seed}`)
        await client.close()
      }
    } finally {
      frames.end()
    }
  })

  it('line ends: CR LF is one character in the element and stays two in the document', async () => {
    const { doc, text, element } = await setUp('one\r\ntwo\rthree\n')
    assert.equal(element.value, 'one\ntwo\nthree\n')
    element.select(7)
    element.type('!')
    assert.equal(doc.value, 'one\r\ntwo!\rthree\n')
    text.insert(0, '\r\n')
    assert.equal(element.value, '\none\ntwo!\nthree\n')
    assert.equal(element.selectionStart, 9)
    element.select(0, 1)
    element.type('')
    assert.equal(doc.value, 'one\r\ntwo!\rthree\n')
    element.select(3, 4)
    element.type(' ')
    assert.equal(doc.value, 'one two!\rthree\n')
  })

  it('half a character is not taken, told, kept in the element, and taken when it is whole', async () => {
    const errors = []
    const { doc, text, element } = await setUp('a', { onError: (error) => errors.push(error.code) })
    element.select(1)
    element.type('\ud83d')
    assert.deepEqual(errors, ['lone-surrogate'])
    assert.equal(doc.value, 'a')
    text.insert(0, 'x')
    assert.equal(element.value, 'a\ud83d', 'left alone meanwhile')
    element.type('\ude00')
    assert.equal(doc.value, 'xa😀')
    assert.equal(element.value, 'xa😀')
  })

  it('a document that crashed and came back', async () => {
    const clock = fakeClock()
    const server = new FakeServer()
    const client = new Client({ url: 'x', transport: server.transport(), storage: memoryStorage(), clock, logger: silentLogger })
    const doc = await client.open('d', { create: 'text' })
    const element = new FakeTextarea()
    const errors = []
    bindTextarea(doc.text(), element, { onError: (error) => errors.push(error.code) })
    await clock.advance(100)
    const { engine } = await import('../dist/engine.js')
    const original = engine().Replica.prototype.flush
    engine().Replica.prototype.flush = () => {
      engine().Replica.prototype.flush = original
      throw new WebAssembly.RuntimeError('unreachable')
    }
    element.select(4)
    element.type(' one')
    assert.throws(() => doc.saved().catch(() => {}) && doc.text().insert(0, 'x'))
    element.type(' two')
    assert.deepEqual(errors, ['engine-trapped'])
    await clock.advance(1000)
    assert.equal(doc.value, 'text one two')
    assert.equal(element.value, 'text one two')
    await client.close()
  })

  it('random typing, composing and edits of others: element and document are the same in the end', async () => {
    for (let seed = 0; seed < 1500; seed++) {
      const random = seeded(seed)
      const { doc, text, element, client } = await setUp(someText(random, 10))
      let composing = false
      for (let step = 0; step < 30; step++) {
        const value = element.value
        const dice = below(random, 8)
        if (dice <= 2) {
          const [a, b] = [someOffset(random, value), someOffset(random, value)].sort((x, y) => x - y)
          element.select(a, Math.min(b, a + 6))
          const { selectionEnd } = element
          const unit = value.charCodeAt(selectionEnd)
          if (unit >= 0xdc00 && unit <= 0xdfff) element.select(a, selectionEnd - 1)
          element.type(someText(random, 3), { isComposing: composing, event: composing || below(random, 4) > 0 })
        } else if (dice <= 5) {
          const change = someChange(random, text.toString())
          text.change([{ ...change, insert: pick(random, [change.insert, '\r', '\r\n']) }])
        } else if (composing) {
          element.fire('compositionend')
          composing = false
        } else {
          element.fire('compositionstart')
          composing = true
        }
        assert.ok(element.value.isWellFormed() && doc.value.isWellFormed(), `seed ${seed}`)
      }
      element.fire('compositionend')
      assert.equal(element.value, new LineEnds(doc.value).shown, `seed ${seed}`)
      assert.ok(element.selectionEnd <= element.value.length)
      await client.close()
    }
  })
})
