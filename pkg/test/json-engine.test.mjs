// JSON documents on the real engine, on one device: drafts, what React needs, storage, crashes.
import assert from 'node:assert/strict'
import 'fake-indexeddb/auto'
import { before, describe, it } from 'node:test'
import { applyChanges, Client, indexedDbStorage, init, memoryStorage, silentLogger } from '../dist/index.js'
import { engine } from '../dist/engine.js'
import { recordChange } from '../dist/json/draft.js'
import { resolveSteps } from '../dist/json/steps.js'
import { freezeValue } from '../dist/json/value.js'
import { mutate, someMutation, someRoot } from './support/json.mjs'
import { below, seeded } from './support/random.mjs'

const CASES = 3_000
const clone = (value) => JSON.parse(JSON.stringify(value))
const BOARD = { cards: [{ title: 'a', notes: 'one', votes: 1 }, { title: 'b', notes: 'two', votes: 0 }], name: 'Board' }
const open = async (options = {}, create = BOARD) => {
  const client = new Client({ storage: memoryStorage(), logger: silentLogger, ...options })
  return { client, doc: await client.open('d', { create }) }
}

describe('JSON on the real engine', { timeout: 120_000 }, () => {
  before(() => init())

  it(`plain mutation = the draft = the engine's value = its steps resolved (${CASES} random sequences)`, () => {
    const { Replica } = engine()
    for (let seed = 0; seed < CASES; seed++) {
      const random = seeded(seed)
      const start = someRoot(random)
      const plain = clone(start)
      const mutations = Array.from({ length: 1 + below(random, 6) }, () => {
        const mutation = someMutation(random, plain)
        mutate(plain, mutation)
        return mutation
      })
      const hint = `seed ${seed}: ${JSON.stringify({ start, mutations })}`
      const value = freezeValue(clone(start))
      const { ops, after } = recordChange(value, (draft) => mutations.forEach((mutation) => mutate(draft, mutation, true)))
      const replica = new Replica('d', 'client-of-the-test', start)
      const preview = replica.previewOps(ops)
      assert.deepEqual(replica.value(), start, hint)
      const steps = replica.editOps(ops)
      assert.deepEqual(steps, preview, hint)
      assert.deepEqual(after, plain, hint)
      assert.deepEqual(replica.value(), plain, hint)
      assert.deepEqual(resolveSteps(value, steps).after, plain, hint)
      replica.free()
    }
  })

  it('has the shape of useSyncExternalStore: the value is the same until it changes, and told of each time', async () => {
    const { client, doc } = await open()
    const seen = [doc.value]
    const stop = doc.subscribe(() => seen.push(doc.value))
    assert.equal(doc.value, seen[0])
    doc.increment('/cards/0/votes')
    doc.change(() => {})
    doc.text('/cards/1/notes').insert(0, '> ')
    await doc.saved()
    assert.equal(seen.length, 3)
    assert.equal(doc.value, seen[2])
    assert.notEqual(seen[0], seen[1])
    assert.equal(seen[0].cards[1], seen[1].cards[1], 'what did not change is the same object')
    assert.equal(seen[1].cards[0], seen[2].cards[0])
    stop()
    doc.increment('/cards/0/votes')
    assert.equal(seen.length, 3)
    await client.close()
  })

  it('a handle on a string lives through its replacement, and through moves', async () => {
    const { client, doc } = await open()
    const notes = doc.text('/cards/1/notes')
    const heard = []
    notes.on('change', ({ changes }) => heard.push(changes))
    doc.change((board) => void (board.cards[1].notes = 'other'))
    doc.move('/cards/1', '/cards/0')
    notes.insert(5, '!')
    assert.deepEqual(notes.path, ['cards', 0, 'notes'])
    assert.equal(String(notes), 'other!')
    assert.equal(heard.reduce(applyChanges, 'two'), 'other!')
    await client.close()
  })

  it('is there after a reload, from IndexedDB, with what was not sent', async () => {
    const storage = () => indexedDbStorage('json-reload', { persist: false })
    const first = await open({ storage: storage() })
    first.doc.change((board) => {
      board.cards.push({ title: 'c', notes: '', votes: 0 })
      board.name = 'é😀'
    })
    first.doc.move('/cards/2', '/cards/0')
    first.doc.increment('/cards/1/votes', 4)
    first.doc.text('/cards/2/notes').insert(3, '!')
    await first.client.close()
    const second = await open({ storage: storage() }, 'ignored')
    assert.deepEqual(second.doc.value, {
      cards: [{ title: 'c', notes: '', votes: 0 }, { title: 'a', notes: 'one', votes: 5 }, { title: 'b', notes: 'two!', votes: 0 }],
      name: 'é😀',
    })
    assert.equal(second.doc.status.pending, true)
    second.doc.remove('/cards/0')
    await second.doc.saved()
    await second.client.close()
    const third = await open({ storage: storage() })
    assert.equal(third.doc.value.cards.length, 2)
    await third.client.close()
  })

  it('a crash of the engine: JSON edits that were not stored are made again', async () => {
    const { client, doc } = await open()
    await doc.saved()
    const notes = doc.text('/cards/0/notes')
    doc.change((board) => void (board.name = 'kept'))
    notes.insert(0, 'x')
    doc.increment('/cards/0/votes', 2)
    const { value } = doc
    const { Replica } = engine()
    const edit = Replica.prototype.editOps
    Replica.prototype.editOps = () => {
      Replica.prototype.editOps = edit
      throw new WebAssembly.RuntimeError('unreachable')
    }
    const restarted = new Promise((resolve) => doc.on('restart', resolve))
    assert.throws(() => doc.set('/name', 'lost'), { code: 'engine-trapped' })
    await restarted
    assert.equal(doc.value, value, 'equal, so the same')
    notes.insert(0, 'y')
    doc.increment('/cards/0/votes')
    await doc.saved()
    assert.deepEqual(doc.value.cards[0], { title: 'a', notes: 'yxone', votes: 4 })
    assert.equal(doc.value.name, 'kept')
    await client.close()
  })
})
