// A document that is more than a text, through the whole client; the engine is a small one built on ot-json1.
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { applyChanges } from '../dist/changes.js'
import { Client } from '../dist/client.js'
import { setEngine } from '../dist/engine.js'
import { applyPatches } from '../dist/json/patches.js'
import { RejoinError } from '../dist/errors.js'
import { silentLogger } from '../dist/logger.js'
import { memoryStorage } from '../dist/storage/memory.js'
import { bindTextarea } from '../dist/textarea.js'
import { fakeClock } from './support/clock.mjs'
import { fakeEngine } from './support/fake-engine.mjs'
import { mutate, someMutation, someRoot } from './support/json.mjs'
import { below, pick, seeded } from './support/random.mjs'
import { FakeTextarea } from './support/textarea.mjs'
import { fakeTransport } from './support/transport.mjs'

setEngine(fakeEngine)

const clone = (value) => JSON.parse(JSON.stringify(value))
const BOARD = { cards: [{ title: 'a', notes: 'one', votes: 1 }, { title: 'b', notes: 'two', votes: 0 }], done: [], name: 'Board' }

function code(run, expected, check = () => {}) {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RejoinError, error)
    assert.equal(error.code, expected, error.message)
    check(error)
    return true
  })
}

/** An open document, what it told, and the engine behind it. */
async function open(create = BOARD, options = {}) {
  const clock = fakeClock()
  const thrown = []
  const logger = { ...silentLogger, error: (message, error) => thrown.push(error ?? message) }
  const transport = fakeTransport()
  const client = new Client({ url: 'ws://x', transport, connect: false, storage: memoryStorage(), clock, logger })
  const doc = await client.open('d', { create, ...options })
  const replica = fakeEngine.Replica.made.at(-1)
  const events = []
  doc.on('change', (event) => events.push(event))
  client.connect()
  transport.last.open()
  await clock.advance(0)
  transport.last.say({ type: 'welcome', protocol: 1 })
  const remote = (op, conflicts) => transport.last.say({ type: 'ops', doc: 'd', op, conflicts })
  return { doc, replica, events, remote, thrown, ops: replica.ops }
}

describe('a JSON document', () => {
  beforeEach(() => (fakeEngine.Replica.made.length = 0))

  it('each edit: the op it makes, the value after, the patches it tells', async () => {
    const cases = [
      [(d) => d.set(['cards', 0, 'title'], 'x'), ['cards', 0, 'title', { es: ['x', { d: 1 }] }]],
      [(d) => d.set('/cards/0/votes', 5), ['cards', 0, 'votes', { r: true, i: 5 }]],
      [(d) => d.set('/cards/0/due', null), ['cards', 0, 'due', { i: null }]],
      [(d) => d.set('/cards/-', 7), ['cards', 2, { i: 7 }]],
      [(d) => d.set('', [1]), [{ r: true, i: [1] }]],
      [(d) => d.insert(['cards', 1], { title: 'n' }), ['cards', 1, { i: { title: 'n' } }]],
      [(d) => d.insert('/new', 1), ['new', { i: 1 }]],
      [(d) => d.remove('/name'), ['name', { r: true }]],
      [(d) => d.remove(['cards', 0], 2), ['cards', [0, { r: true }], [1, { r: true }]]],
      [(d) => d.remove(''), [{ r: true }]],
      [(d) => d.move(['cards', 0], ['cards', 1]), ['cards', [0, { p: 0 }], [1, { d: 0 }]]],
      [(d) => d.move('/cards/0', '/done/0'), [['cards', 0, { p: 0 }], ['done', 0, { d: 0 }]]],
      // The way to where it goes is as it is once it has left.
      [(d) => d.move('/cards/0', '/cards/0/sub'), ['cards', 0, { p: 0 }, 'sub', { d: 0 }]],
      [(d) => d.increment('/cards/1/votes'), ['cards', 1, 'votes', { ena: 1 }]],
      [(d) => d.increment(['cards', 1, 'votes'], -3), ['cards', 1, 'votes', { ena: -3 }]],
      [(d) => d.text('/cards/1/notes').insert(3, '😀'), ['cards', 1, 'notes', { es: [3, '😀'] }]],
      [(d) => d.submitOp(['cards', 0, { r: true }]), ['cards', 0, { r: true }]],
      [(d) => d.change((b) => void b.cards.shift()), ['cards', 0, { r: true }]],
    ]
    for (const [run, op] of cases) {
      const { doc, ops, events } = await open()
      const before = doc.value
      run(doc)
      assert.deepEqual(ops, [op], String(run))
      assert.equal(events.length, 1, String(run))
      const expected = fakeEngine.jsonApply(clone(BOARD), op)
      assert.deepEqual(doc.value, expected, String(run))
      assert.deepEqual(applyPatches(before, events[0].patches), expected, String(run))
      assert.equal(events[0].origin, 'local')
      assert.deepEqual(before, BOARD, 'the value before is untouched')
    }
  })

  it('what changes nothing is no edit', async () => {
    const { doc, ops, events } = await open()
    const { value } = doc
    doc.set('/cards', clone(BOARD.cards))
    doc.move('/cards/1', '/cards/1')
    doc.increment('/cards/0/votes', 0)
    doc.remove('/cards/0', 0)
    doc.submitOp(null)
    doc.change(() => {})
    doc.change((b) => {
      b.name = 'Board'
    })
    doc.text('/name').insert(2, '')
    assert.deepEqual([ops, events], [[], []])
    assert.equal(doc.value, value)
  })

  it('typed errors, and nothing has changed', async () => {
    const { doc, ops, events } = await open()
    code(() => doc.set('/no/where', 1), 'path-not-found')
    code(() => doc.set('/cards/7', 1), 'path-not-found')
    code(() => doc.set('cards', 1), 'invalid-path')
    code(() => doc.set('/name', undefined), 'invalid-value')
    code(() => doc.set('/name', '\ud800'), 'lone-surrogate')
    code(() => doc.insert('/name', 1), 'path-occupied')
    code(() => doc.insert('', 1), 'path-occupied')
    code(() => doc.insert('/cards/3', 1), 'path-not-found')
    code(() => doc.remove('/nothing'), 'path-not-found')
    code(() => doc.remove('/cards/0', 3), 'invalid-argument')
    code(() => doc.remove('/name', 2), 'invalid-argument')
    code(() => doc.move('/cards/0', '/name'), 'path-occupied')
    code(() => doc.move('/cards/0', '/cards/2'), 'path-not-found')
    code(() => doc.move('/cards', '/cards/0'), 'path-not-found')
    code(() => doc.move('/name', ''), 'path-occupied')
    code(() => doc.increment('/name'), 'wrong-type')
    code(() => doc.increment('/cards/0/votes', 0.5), 'unsafe-integer')
    code(() => doc.text('/cards'), 'wrong-type')
    code(() => doc.text(), 'wrong-type')
    code(() => doc.submitOp('x'), 'malformed-op')
    code(() => doc.submitOp(['nowhere', 'x', { r: true }]), 'malformed-op')
    code(() => doc.submitOp(['name', { i: '\ud800' }]), 'lone-surrogate')
    code(() => doc.text('/name').insert(6, 'x'), 'offset-out-of-bounds')
    assert.throws(() => doc.change((b) => { b.name = 'x'; throw new SyntaxError('mine') }), SyntaxError)
    code(() => doc.change(async (b) => { b.name = 'x' }), 'async-change')
    for (const nested of [() => doc.change(() => {}), () => doc.set('/name', 'y'), () => doc.text('/name').insert(0, 'y'), () => doc.submitOp(['name', { r: true }])]) {
      code(() => doc.change((b) => { b.name = 'x'; nested() }), 'nested-change')
    }
    assert.deepEqual([ops, events], [[], []])
    assert.deepEqual(doc.value, BOARD)
    // It can be edited afterwards.
    doc.change((b) => void (b.name = 'x'))
    assert.equal(doc.value.name, 'x')
  })

  it('a change is one edit of all its ops', async () => {
    const { doc, ops, events } = await open()
    const { cards } = doc.value
    doc.change((b, { move, increment }) => {
      b.cards[1].title = 'B'
      move(b.cards, 0, b.done, 0)
      increment(b.done[0], 'votes', 2)
      b.tags = []
      b.tags.push('x')
    })
    assert.equal(ops.length, 5)
    assert.equal(events.length, 1)
    assert.equal(doc.status.edits, 1)
    assert.deepEqual(doc.value, { cards: [{ ...BOARD.cards[1], title: 'B' }], done: [{ ...BOARD.cards[0], votes: 3 }], name: 'Board', tags: ['x'] })
    assert.notEqual(doc.value.done[0], cards[0])
    assert.deepEqual(applyPatches(clone(BOARD), events[0].patches), doc.value)
  })

  it('value: the same until it changes, then new along the path only', async () => {
    const { doc, remote } = await open()
    const { value } = doc
    assert.equal(doc.value, value)
    doc.set('/cards/0/votes', 9)
    assert.notEqual(doc.value, value)
    assert.equal(doc.value.cards[1], value.cards[1])
    assert.equal(doc.value.done, value.done)
    const second = doc.value
    remote([['cards', 0, { p: 0 }], ['done', 0, { d: 0 }]])
    assert.equal(doc.value.done[0], second.cards[0], 'what moved is the same object')
    assert.throws(() => (doc.value.done[0].votes = 1), TypeError)
  })

  it('subscribe works as useSyncExternalStore wants it', async () => {
    const { doc, remote, thrown } = await open()
    const seen = []
    const { subscribe } = doc
    const stop = subscribe(() => seen.push(doc.value))
    const twice = subscribe(() => {
      throw new Error('mine')
    })
    doc.set('/name', 'x')
    remote(['name', { es: ['y'] }])
    assert.deepEqual(seen.map(({ name }) => name), ['x', 'yx'])
    assert.equal(seen[1], doc.value)
    assert.equal(thrown.length, 2)
    stop()
    stop()
    twice()
    doc.set('/name', 'z')
    assert.equal(seen.length, 2)
  })

  it('remote ops: patches that lead from each value to the next (random)', async () => {
    const { doc, events, remote } = await open({ a: [] })
    let mirror = doc.value
    for (let seed = 0; seed < 400; seed++) {
      const random = seeded(seed)
      const before = clone(doc.value)
      const other = clone(before)
      for (let n = below(random, 3); n >= 0; n--) mutate(other, someMutation(random, other))
      const local = seed % 3 === 0
      if (local) doc.set('', other)
      else remote(fakeEngine.jsonDiff(before, pick(random, [other, someRoot(random)])))
      for (const { patches, origin } of events.splice(0)) {
        mirror = applyPatches(mirror, patches)
        assert.equal(origin, local ? 'local' : 'remote')
      }
      assert.deepEqual(mirror, doc.value, `seed ${seed}`)
    }
  })

  it('a listener that edits: the others hear of it after', async () => {
    const { doc, remote } = await open()
    const heard = []
    doc.on('change', ({ origin }) => {
      if (origin === 'remote') doc.increment('/cards/0/votes')
    })
    doc.text('/name').on('change', ({ origin }) => heard.push(`text ${origin}`))
    doc.on('change', ({ origin }) => heard.push(`doc ${origin}`))
    remote(['name', { es: ['y'] }])
    assert.deepEqual(heard, ['doc remote', 'text remote', 'doc local'])
  })

  it('conflicts come after the change that they came to', async () => {
    const { doc, remote } = await open()
    const heard = []
    doc.on('conflict', (conflict) => heard.push([conflict, doc.value.name]))
    const conflict = { kind: 'DropCollision', path: ['name'], mine: [{ do: 'insert', at: ['name'], value: 'Mine' }], theirs: [{ do: 'insert', at: ['name'], value: 'Theirs' }], winner: 'theirs' }
    remote(['name', { r: true, i: 'Theirs' }], [conflict])
    assert.deepEqual(heard, [[conflict, 'Theirs']])
  })

  it('source comes back', async () => {
    const { doc, events } = await open()
    const me = {}
    doc.set('/name', 'x', { source: me })
    doc.change((b) => void (b.name = 'y'), { source: me })
    doc.text('/name').insert(0, 'z', { source: me })
    doc.increment('/cards/0/votes')
    assert.deepEqual(events.map(({ source }) => source === me), [true, true, true, false])
  })
})

describe('text inside a document', () => {
  it('follows its string, and tells of it alone', async () => {
    const { doc, remote } = await open()
    const notes = doc.text('/cards/1/notes')
    assert.equal(doc.text(['cards', 1, 'notes']), notes)
    const heard = []
    notes.on('change', ({ changes, origin }) => heard.push([origin, changes]))
    notes.on('removed', () => heard.push('removed'))
    remote(['cards', 0, { i: { notes: 'zero' } }])
    assert.deepEqual(notes.path, ['cards', 2, 'notes'])
    remote([['cards', 2, { p: 0 }], ['done', 0, { d: 0 }, 'notes', { es: [3, '!'] }]])
    assert.deepEqual(notes.path, ['done', 0, 'notes'])
    assert.equal(doc.text('/done/0/notes'), notes)
    notes.insert(0, '>')
    assert.equal(String(notes), '>two!')
    assert.equal(notes.length, 5)
    doc.text('/cards/0/notes').insert(0, 'not this')
    doc.change((b) => void (b.done[0].notes = '>two?'))
    assert.deepEqual(heard, [
      ['remote', [{ from: 3, to: 3, insert: '!' }]],
      ['local', [{ from: 0, to: 0, insert: '>' }]],
      ['local', [{ from: 4, to: 5, insert: '?' }]],
    ])
    remote(['done', 0, { r: true }])
    assert.equal(heard.at(-1), 'removed')
    assert.equal(notes.path, undefined)
    code(() => notes.insert(0, 'x'), 'value-removed')
    code(() => String(notes), 'value-removed')
    doc.change((b, { text }) => text(b, 'name').set('Bored'))
    assert.equal(doc.value.name, 'Bored')
    doc.insert('/done/0', { notes: 'new' })
    assert.notEqual(doc.text('/done/0/notes'), notes)
  })

  it('what arrives together is one event, with all of it', async () => {
    const { doc, events, replica, remote } = await open()
    const heard = []
    doc.text('/cards/1/notes').on('change', ({ changes }) => heard.push(changes))
    replica.remote(['cards', 1, 'notes', { es: ['A'] }])
    replica.remote(['cards', 0, { r: true }])
    replica.remote(['cards', 0, 'notes', { r: true, i: 'Atwo' }])
    remote(['cards', 0, 'notes', { es: [4, 'Z'] }])
    assert.equal(events.length, 1)
    assert.deepEqual(heard, [[{ from: 0, to: 0, insert: 'A' }, { from: 3, to: 3, insert: 'Z' }]])
    assert.equal(doc.value.cards[0].notes, 'AtwoZ')
  })

  it('is bound to a textarea', async () => {
    const { doc, remote } = await open()
    const element = new FakeTextarea()
    const unbind = bindTextarea(doc.text('/cards/1/notes'), element)
    element.select(3)
    element.type('!')
    remote(['cards', 0, { r: true }])
    remote(['cards', 0, 'notes', { es: ['>'] }])
    element.type('?')
    assert.equal(element.value, '>two!?')
    assert.equal(doc.value.cards[0].notes, '>two!?')
    unbind()
  })

  it('a listener keeps its place followed, whoever holds the handle', async () => {
    const { doc, remote } = await open()
    let heard = 0
    doc.text('/name').on('change', () => heard++)
    const stop = doc.text('/cards/0/title').on('change', () => heard++)
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 5))
    remote(['name', { es: ['x'] }])
    assert.equal(heard, 1)
    stop()
    stop()
    remote(['cards', 0, 'title', { es: ['x'] }])
    assert.equal(heard, 1)
  })

  it('a root string that is replaced by another one keeps its handle', async () => {
    for (const read of [true, false]) {
      const { doc, events, remote } = await open('hello')
      const element = new FakeTextarea()
      const unbind = bindTextarea(doc.text(), element)
      doc.text().insert(5, '!')
      if (read) void doc.value
      remote([{ r: true, i: 'other' }])
      assert.equal(element.value, 'other')
      element.select(5)
      element.type('?')
      assert.equal(doc.value, 'other?')
      assert.equal(applyChanges('hello!', events[1].changes), 'other')
      assert.equal(applyPatches('hello!', events[1].patches), 'other')
      unbind()
    }
  })

  it('what nobody asked for is not kept up to date', async () => {
    const clock = fakeClock()
    const client = new Client({ connect: false, storage: memoryStorage(), clock, logger: silentLogger })
    const doc = await client.open('d', { create: BOARD })
    const replica = fakeEngine.Replica.made.at(-1)
    let reads = 0
    replica.value = ((value) => () => (reads++, value.call(replica)))(replica.value)
    replica.receive({ op: ['name', { es: ['x'] }] })
    await doc.saved()
    assert.equal(reads, 0)
    assert.equal(doc.value.name, 'xBoard')
    replica.receive({ op: ['name', { es: ['y'] }] })
    await doc.saved()
    assert.equal(doc.value.name, 'yxBoard')
    assert.equal(reads, 1)
  })

  it('a listener of the connection that edits meanwhile edits what is there', async () => {
    const { doc, replica, events, remote } = await open()
    const order = []
    doc.on('change', ({ origin }) => order.push(origin))
    // As a transport that fails at once: user code runs while effects are carried out.
    const take = replica.takeEffects.bind(replica)
    let once = true
    replica.takeEffects = () => {
      const effects = take()
      if (once && effects.some(({ type }) => type === 'steps')) {
        once = false
        effects.push({ type: 'send', get message() {
          order.push('carried out')
          doc.change((b) => void (b.cards[0].title = 'mine'))
          return { type: 'submit', doc: 'd' }
        } })
      }
      return effects
    }
    let mirror = clone(BOARD)
    remote(['cards', 0, { i: { title: 'first' } }])
    assert.deepEqual(order, ['carried out', 'remote', 'local'])
    for (const { patches } of events) mirror = applyPatches(mirror, patches)
    assert.deepEqual(mirror, doc.value)
    assert.equal(doc.value.cards[0].title, 'mine')
    assert.equal(doc.value.cards.length, 3)
  })

  it('a document that is one string keeps its ways', async () => {
    const { doc, events, remote } = await open('hello')
    const text = doc.text()
    const heard = []
    text.on('change', ({ changes }) => heard.push(changes))
    text.insert(5, '!')
    remote([{ es: ['>'] }])
    assert.deepEqual(events.map(({ changes }) => changes), heard)
    assert.deepEqual(events.map(({ patches }) => patches[0].op), ['text', 'text'])
    assert.equal(doc.value, '>hello!')
    assert.equal(doc.text(''), text)
    remote([{ r: true, i: { a: 'x' } }])
    assert.deepEqual(doc.value, { a: 'x' })
    assert.equal(text.path, undefined)
    code(() => doc.text(), 'wrong-type')
    doc.set('', 'back')
    assert.equal(String(doc.text()), 'back')
  })
})

describe('schema', () => {
  const counter = { validated: 0 }
  /** Just enough of a validator: every card has a title that is a string. */
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        counter.validated++
        const issues = (value?.cards ?? []).flatMap((card, i) => (typeof card?.title === 'string' && card.title !== '' ? [] : [{ message: 'Title', path: ['cards', { key: i }, 'title'] }]))
        return issues.length > 0 ? { issues } : { value }
      },
    },
  }

  it('refuses an edit whose result it does not let pass, and nothing changes', async () => {
    const { doc, ops, events } = await open(BOARD, { schema })
    const edits = [
      () => doc.set('/cards/0/title', 7),
      () => doc.change((b) => void b.cards.push({})),
      () => doc.insert('/cards/0', {}),
      () => doc.remove('/cards/0/title'),
      () => doc.move('/cards/0/title', '/t'),
      () => doc.submitOp(['cards', 0, 'title', { r: true }]),
      () => doc.text('/cards/0/title').delete(0, 1),
    ]
    for (const edit of edits) {
      code(edit, 'schema-violation', ({ details, message }) => {
        assert.equal(details.issues.length, 1, String(edit))
        assert.match(message, /Title \(at cards\.\d\.title\)/)
      })
    }
    assert.deepEqual([ops, events], [[], []])
    assert.deepEqual(doc.value, BOARD)
    doc.change((b) => void b.cards.push({ title: 'c' }))
    doc.text('/cards/0/title').insert(0, 'x')
    assert.equal(ops.length, 2)
  })

  it('what others did wrong does not lock the document', async () => {
    const { doc, ops, remote } = await open(BOARD, { schema })
    remote(['cards', 0, 'title', { r: true }])
    doc.set('/name', 'x')
    code(() => doc.remove('/cards/1/title'), 'schema-violation')
    doc.set('/cards/0/title', 'mended')
    const { validated } = counter
    doc.set('/name', 'y')
    assert.equal(counter.validated, validated + 1, 'what passed is not checked again')
    code(() => doc.remove('/cards/0/title'), 'schema-violation')
    assert.equal(ops.length, 3)
  })

  it('asynchronous validators and what is no schema: typed errors', async () => {
    const late = { '~standard': { version: 1, vendor: 'late', validate: async () => Promise.reject(new Error('late')) } }
    const { doc, ops } = await open(BOARD, { schema: late })
    code(() => doc.set('/name', 'x'), 'schema-async')
    assert.deepEqual(ops, [])
    await assert.rejects(open(BOARD, { schema: {} }), (error) => error.code === 'invalid-argument')
  })
})

describe('a crash of the engine', () => {
  it('makes JSON edits again that were not stored, and the value keeps its identity', async () => {
    const { doc, replica, thrown, events } = await open()
    doc.change((b) => void (b.name = 'mine'))
    doc.text('/cards/0/notes').insert(0, 'x')
    const { value } = doc
    replica.crash = true
    code(() => doc.set('/name', 'lost'), 'engine-trapped')
    assert.equal(doc.value, value)
    await new Promise((resolve) => doc.on('restart', resolve))
    assert.equal(doc.value, value)
    assert.equal(thrown.length, 1)
    doc.set('/name', 'again')
    assert.equal(fakeEngine.Replica.made.at(-1).value().name, 'again')
    assert.equal(fakeEngine.Replica.made.at(-1).value().cards[0].notes, 'xone')
    assert.equal(events.length, 3)
  })
})
