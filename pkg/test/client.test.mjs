import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { applyChanges, Client, init, memoryStorage, RejoinError, silentLogger } from '../dist/index.js'
import { engine } from '../dist/engine.js'
import { fakeClock } from './support/clock.mjs'
import { FakeServer } from './support/server.mjs'
import { below, seeded, someChange } from './support/random.mjs'

const has = (code) => (error) => error instanceof RejoinError && (assert.equal(error.code, code), true)

/** A world with fake time. */
function world(server = new FakeServer()) {
  const clock = fakeClock()
  const client = (options = {}) =>
    new Client({
      url: 'ws://x/sync',
      transport: server.transport(),
      storage: memoryStorage(),
      clock,
      random: () => 0.5,
      logger: silentLogger,
      ...options,
    })
  return { server, clock, client, settle: (ms = 100) => clock.advance(ms) }
}

/** A storage whose writes fail while `error` is set, and wait while `hold` is. */
function troubled(inner = memoryStorage()) {
  return {
    ...inner,
    inner,
    writes: 0,
    error: undefined,
    held: undefined,
    async write(doc, write) {
      this.writes++
      if (this.held) await this.held
      if (this.error) throw this.error
      await inner.write(doc, write)
    },
  }
}

function nested(depth) {
  let value = 0
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** More with REJOIN_SEEDS=n. */
const SEEDS = Number(process.env.REJOIN_SEEDS ?? 100)

before(() => init())

describe('client', () => {
  it('two clients edit offline, rejoin, and have both edits', async () => {
    const { server, client, settle } = world()
    const [a, b] = [client(), client()]
    const [da, db] = [await a.open('d', { create: 'base' }), await b.open('d', { create: 'base' })]
    await settle()
    a.disconnect()
    b.disconnect()
    da.text().insert(0, 'A😀 ')
    db.text().insert(4, ' B')
    await settle()
    assert.equal(da.value, 'A😀 base')
    assert.deepEqual(
      [da.status.link, da.status.pending, da.status.saved, da.status.savedEdits],
      ['offline', true, true, 1],
    )
    a.connect()
    await da.committed()
    b.connect()
    await Promise.all([da.whenSynced(), db.whenSynced()])
    await settle()
    assert.equal(server.doc('d').value, 'A😀 base B')
    assert.equal(da.value, 'A😀 base B')
    assert.equal(db.value, 'A😀 base B')
    assert.equal(da.status.link, 'live')
    await Promise.all([a.close(), b.close()])
  })

  it('random edits on three clients that come and go converge; the change events alone give the text', async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = seeded(seed)
      const { server, client, settle } = world()
      const clients = [client(), client(), client()]
      const docs = await Promise.all(clients.map((c) => c.open('d', { create: 'start' })))
      const mirrors = docs.map((doc) => doc.value)
      docs.forEach((doc, i) => doc.on('change', ({ changes }) => (mirrors[i] = applyChanges(mirrors[i], changes))))
      for (let step = 0; step < 60; step++) {
        const i = below(random, 3)
        const dice = below(random, 12)
        if (dice === 0) clients[i].disconnect()
        else if (dice <= 2) clients[i].connect()
        else if (dice === 3) server.cut()
        else if (dice === 4) await settle(below(random, 300))
        else docs[i].text().change([someChange(random, docs[i].value)])
      }
      for (const c of clients) c.connect()
      await settle(60_000)
      for (const [i, doc] of docs.entries()) {
        assert.equal(doc.value, server.doc('d').value, `seed ${seed}`)
        assert.equal(mirrors[i], doc.value, `seed ${seed}: events`)
        assert.equal(doc.status.committedEdits, doc.status.edits, `seed ${seed}`)
      }
      await Promise.all(clients.map((c) => c.close()))
    }
  })

  it('a restart finds what was saved, and sends it once', async () => {
    const { server, client, settle } = world()
    const storage = memoryStorage()
    const a = client({ storage, connect: false })
    const doc = await a.open('d')
    doc.text().insert(0, 'offline 🎉')
    await doc.saved()
    await a.close()
    const b = client({ storage })
    const again = await b.open('d')
    assert.equal(again.value, 'offline 🎉', 'from storage, before the network')
    await again.committed()
    assert.equal(server.doc('d').value, 'offline 🎉')
    await settle()
    assert.equal(server.submits.length, 1)
    await b.close()
  })

  it('a lost ack is asked for, and nothing is applied twice; the bytes sent again are the same (I1)', async () => {
    const { server, client, settle } = world()
    const a = client()
    const doc = await a.open('d')
    await settle()
    server.intercept = (message) => message.type === 'submit' && (server.cut(), true)
    doc.text().insert(0, 'once')
    await settle(20)
    doc.text().insert(4, ' more')
    server.intercept = () => false
    await settle(60_000)
    assert.equal(server.doc('d').value, 'once more')
    assert.equal(doc.status.inflight, undefined)
    await a.close()
  })

  it('an ack that never comes on a living connection is asked for again', async () => {
    const { server, client, settle } = world()
    const a = client()
    const doc = await a.open('d')
    await settle()
    let lost = 0
    server.intercept = (message) => message.type === 'submit' && ++lost === 1
    doc.text().insert(0, 'x')
    await settle(5_000)
    assert.equal(doc.status.inflight, 1)
    await settle(10_000)
    assert.equal(doc.status.inflight, undefined)
    assert.equal(server.doc('d').value, 'x')
    await a.close()
  })

  it('open is immediate offline, and the same handle twice; it closes with the last close', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const [one, two] = await Promise.all([a.open('d', { create: 'x' }), a.open('d', { create: 'y' })])
    assert.equal(one, two)
    assert.equal(one.value, 'x')
    await one.close()
    assert.equal(two.value, 'x')
    await two.close()
    assert.throws(() => two.text().insert(0, 'x'), has('closed'))
    await assert.rejects(two.saved(), has('closed'))
    const three = await a.open('d')
    assert.notEqual(three, two)
    assert.equal(three.value, 'x')
    const closing = three.close()
    const four = await a.open('d')
    await closing
    four.text().insert(0, 'y')
    assert.deepEqual(await a.documents(), ['d'])
    await assert.rejects(a.forget('d'), has('storage-in-use'))
    await a.close()
    await assert.rejects(a.open('d'), has('closed'))
  })

  it('a handle that was closed does not close the one that came after it', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const first = await a.open('d')
    await first.close()
    const second = await a.open('d')
    await first.close()
    second.text().insert(0, 'still open')
    await second.saved()
    await a.close()
  })

  it('close(): twice is once, and what is opened meanwhile is refused', async () => {
    const { client } = world()
    const storage = memoryStorage()
    let closed = 0
    const a = client({ connect: false, storage: { ...storage, close: async () => void closed++ } })
    await a.open('d')
    const closing = [a.close(), a.close()]
    await assert.rejects(a.open('e'), has('closed'))
    await Promise.all(closing)
    await a.close()
    assert.equal(closed, 1)
  })

  it('without a server committed() says so instead of waiting for ever', async () => {
    const a = new Client({ storage: memoryStorage() })
    const doc = await a.open('d')
    doc.text().insert(0, 'x')
    await doc.saved()
    await assert.rejects(doc.committed(), has('no-server'))
    await assert.rejects(doc.whenSynced(), has('no-server'))
    await a.close()
  })

  it('a connection refused for good rejects those who wait, and those who come; connect() tries anew', async () => {
    const { server, client, settle } = world()
    server.intercept = (message, link) => message.type === 'hello' && (server.say(link, { type: 'welcome', protocol: 99 }), true)
    const a = client()
    const doc = await a.open('d')
    doc.text().insert(0, 'kept')
    const early = assert.rejects(doc.committed(), has('protocol-version'))
    await settle()
    await early
    assert.equal(a.status.connection, 'refused')
    await assert.rejects(doc.committed(), has('protocol-version'))
    server.intercept = () => false
    a.connect()
    await doc.committed()
    assert.equal(server.doc('d').value, 'kept')
    await a.close()
  })

  it('an event that does not exist, and a listener that is none, are refused', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const doc = await a.open('d')
    assert.throws(() => doc.on('changed', () => {}), has('invalid-argument'))
    assert.throws(() => a.on('toString', () => {}), has('invalid-argument'))
    assert.throws(() => doc.on('change'), has('invalid-argument'))
    const stop = doc.on('change', () => assert.fail('stopped'))
    stop()
    stop()
    doc.text().insert(0, 'x')
    await a.close()
  })

  it('typing makes few writes, and local edits one change event each', async () => {
    const { client, settle } = world()
    const storage = troubled()
    const a = client({ storage, connect: false })
    const doc = await a.open('d')
    await settle()
    const before = storage.writes
    const events = []
    doc.on('change', (event) => events.push(event))
    for (let i = 0; i < 500; i++) doc.text().insert(i, 'x')
    doc.text().change([
      { from: 0, to: 1, insert: 'A' },
      { from: 499, to: 500, insert: 'Z' },
    ])
    await settle()
    assert.equal(storage.writes - before, 1)
    assert.equal(events.length, 501)
    const changes = [
      { from: 0, to: 1, insert: 'A' },
      { from: 499, to: 500, insert: 'Z' },
    ]
    assert.deepEqual(events.at(-1), {
      patches: [{ op: 'text', path: [], changes }],
      changes,
      origin: 'local',
      source: undefined,
    })
    await a.close()
  })

  it('an edit names its source, and the change event tells it; nobody else hears of it', async () => {
    const { client, settle } = world()
    const [a, b] = [client(), client()]
    const [da, db] = [await a.open('d'), await b.open('d')]
    await settle()
    const heard = []
    da.on('change', ({ origin, source }) => heard.push([origin, source]))
    db.on('change', ({ origin, source }) => heard.push([origin, source]))
    const editor = {}
    const text = da.text()
    text.insert(0, 'abc', { source: editor })
    text.replace(0, 1, 'A', { source: 'toolbar' })
    text.delete(1, 1, { source: 3 })
    text.set('Acd', { source: editor })
    text.change([{ from: 0, to: 0, insert: 'x' }])
    await settle()
    assert.deepEqual(heard.slice(0, 5), [['local', editor], ['local', 'toolbar'], ['local', 3], ['local', editor], ['local', undefined]])
    assert.equal(heard[0][1], editor, 'the same object')
    assert.ok(heard.length > 5 && heard.slice(5).every(([origin, source]) => origin === 'remote' && source === undefined))
    await Promise.all([a.close(), b.close()])
  })

  it('a listener that edits is heard by all in the same order', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const doc = await a.open('d')
    const text = doc.text()
    let mirror = ''
    doc.on('change', ({ changes }) => {
      if (changes[0].insert === '1') text.insert(0, '2')
    })
    doc.on('change', () => {
      throw new Error('a listener in trouble')
    })
    doc.on('change', ({ changes }) => (mirror = applyChanges(mirror, changes)))
    text.insert(0, '1')
    assert.equal(doc.value, '21')
    assert.equal(mirror, '21')
    await a.close()
  })

  it('set keeps what is equal', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const doc = await a.open('d', { create: 'one two three 😀' })
    const events = []
    doc.on('change', (event) => events.push(...event.changes))
    doc.text().set('one 2 three 😁')
    assert.equal(doc.value, 'one 2 three 😁')
    assert.ok(events.every(({ from, to }) => to - from <= 3), JSON.stringify(events))
    doc.text().set('one 2 three 😁')
    await a.close()
  })
})

describe('too large for the server', () => {
  const BIG = 'x'.repeat(2_000)

  it('an edit ends in the inbox with the reason; later edits and other documents go on', async () => {
    const { server, client, settle } = world()
    server.maxMessageBytes = 1_000
    const storage = memoryStorage()
    const a = client({ storage })
    const [doc, other] = [await a.open('d'), await a.open('other')]
    const refused = []
    doc.on('rejected', (edit) => refused.push(edit.code))
    doc.text().insert(0, 'before ')
    await doc.committed()
    doc.text().insert(7, BIG)
    const decided = doc.committed()
    // Frozen by now: what comes after it is another edit.
    doc.text().insert(0, 'after ')
    other.text().insert(0, 'goes on')
    await assert.rejects(decided, has('too-large'))
    await Promise.all([doc.committed(), other.committed()])
    assert.deepEqual(refused, ['too-large'])
    assert.equal(doc.value, 'after before ')
    assert.equal(server.doc('d').value, 'after before ')
    assert.equal(server.doc('other').value, 'goes on')
    assert.equal(a.status.connection, 'online')
    assert.equal(a.status.failures, 0, 'the connection was not cut')
    await settle(600_000)
    assert.equal(server.submits.filter(({ client }) => client === server.submits[0].client).length, 2, 'and nothing is sent again')

    // Not dropped: the content is there, also after a restart.
    await a.close()
    const b = client({ storage })
    const again = await b.open('d')
    await again.whenSynced()
    const [edit] = again.rejected.list()
    assert.deepEqual(edit.op, [{ es: [7, BIG] }])
    assert.match(edit.detail, /of at most 1000/)
    assert.ok(again.rejected.export().includes(BIG))
    again.text().insert(0, 'and ')
    await again.committed()
    assert.equal(server.doc('d').value, 'and after before ')
    again.rejected.discard(edit.id)
    assert.equal(again.status.rejected, 0)
    await b.close()
  })

  it('an edit made offline is refused on reconnecting, and what is typed then goes on', async () => {
    const { server, client, settle } = world()
    server.maxMessageBytes = 1_000
    const a = client()
    const doc = await a.open('d', { create: 'start' })
    await doc.whenSynced()
    a.disconnect()
    doc.text().insert(0, BIG)
    await doc.saved()
    a.connect()
    await assert.rejects(doc.whenSynced(), has('too-large'))
    assert.equal(doc.value, 'start')
    doc.text().insert(5, ' and on')
    await doc.committed()
    await settle()
    assert.equal(server.doc('d').value, 'start and on')
    assert.equal(doc.status.rejected, 1)
    await a.close()
  })

  it('an edit that was sent before and then is too large, as the limit was lowered, is looked for first', async () => {
    const { server, client, settle } = world()
    const a = client()
    const doc = await a.open('d')
    await doc.whenSynced()
    // Committed, and its ack lost: when the limit is lower, the edit is there all the same.
    server.intercept = (message, link) => {
      if (message.type !== 'submit') return false
      server.intercept = () => false
      const { say } = server
      server.say = () => {}
      server.submitted(link, message)
      server.say = say
      return true
    }
    doc.text().insert(0, BIG)
    await doc.saved()
    await settle()
    assert.equal(server.doc('d').value, BIG)
    assert.equal(doc.status.inflight, 1)
    server.maxMessageBytes = 1_000
    server.cut()
    await settle(5_000)
    await doc.committed()
    assert.equal(doc.value, BIG)
    assert.equal(doc.status.rejected, 0)
    await a.close()
  })

  it('a document that would be created too large is refused; others go on', async () => {
    const { server, client, settle } = world()
    server.maxMessageBytes = 1_000
    const a = client()
    const [doc, other] = [await a.open('d', { create: BIG }), await a.open('other')]
    const told = []
    doc.on('error', ({ code }) => told.push(code))
    const refused = assert.rejects(doc.whenSynced(), has('too-large'))
    await settle(5_000)
    await refused
    doc.text().insert(0, 'kept ')
    await doc.saved()
    other.text().insert(0, 'goes on')
    await other.committed()
    await settle(100_000)
    assert.ok(told.length >= 1 && told.every((code) => code === 'too-large'), String(told))
    assert.equal(doc.status.link, 'refused')
    assert.equal(doc.value, `kept ${BIG}`, 'on this device it goes on')
    assert.equal(server.doc('d'), undefined)
    assert.equal(a.status.connection, 'online')
    await a.close()
  })
})

describe('storage trouble', () => {
  it('I4: nothing is sent before it is saved', async () => {
    const { server, client, settle } = world()
    const storage = troubled()
    const a = client({ storage })
    const doc = await a.open('d')
    await settle()
    let release
    storage.held = new Promise((resolve) => (release = resolve))
    doc.text().insert(0, 'x')
    await settle(5_000)
    assert.equal(server.submits.length, 0)
    assert.equal(doc.status.saved, false)
    release()
    await settle()
    assert.equal(server.submits.length, 1)
    await a.close()
  })

  it('storage-full: told, edits stay, are not sent, and are saved and sent when there is room', async () => {
    const { server, client, settle } = world()
    const storage = troubled()
    const a = client({ storage })
    const told = []
    a.on('storage-error', ({ doc, error }) => told.push([doc, error.code]))
    const [doc, other] = [await a.open('d'), await a.open('other')]
    await settle()
    storage.error = new RejoinError('storage-full', 'no room')
    doc.text().insert(0, 'kept')
    await assert.rejects(doc.saved(), has('storage-full'))
    await settle(20_000)
    doc.text().insert(4, ' all')
    await settle(20_000)
    assert.ok(told.length > 2)
    assert.deepEqual(told[0], ['d', 'storage-full'])
    assert.equal(doc.value, 'kept all')
    assert.equal(doc.status.saved, false)
    assert.equal(doc.status.storageError.code, 'storage-full')
    assert.equal(server.submits.length, 0)
    assert.equal(a.status.connection, 'online')
    await assert.rejects(doc.close(), has('storage-full'))
    assert.equal(doc.value, 'kept all', 'still open')
    storage.error = undefined
    other.text().insert(0, 'goes on')
    await settle(60_000)
    assert.equal(server.doc('d').value, 'kept all')
    assert.equal(server.doc('other').value, 'goes on')
    assert.equal(doc.status.saved, true)
    assert.equal(doc.status.storageError, undefined)
    await a.close()
  })

  it('a storage that throws something else is storage-failed; closing can be forced', async () => {
    const { client, settle } = world()
    const storage = troubled()
    const a = client({ storage, connect: false })
    const doc = await a.open('d')
    await settle()
    storage.error = new TypeError('bug')
    doc.text().insert(0, 'x')
    await assert.rejects(doc.saved(), has('storage-failed'))
    await doc.close({ discardUnsaved: true })
    assert.equal(doc.status.link, 'closed')
  })

  it('a document that cannot be read is left as it is; the others open', async () => {
    const { client } = world()
    const storage = memoryStorage()
    const good = client({ storage, connect: false })
    const doc = await good.open('fine')
    doc.text().insert(0, 'x')
    await good.close()
    const stored = await storage.load('fine')
    const newer = { ...stored, checkpoint: { ...stored.checkpoint, format: 99 } }
    const cases = {
      newer: [newer, 'storage-newer'],
      nothing: [{ checkpoint: {}, entries: [] }, 'storage-corrupt'],
      garbage: [{ checkpoint: stored.checkpoint, entries: [{ type: 'edit', op: [{ es: [999, 'x'] }] }] }, 'storage-corrupt'],
      shape: [{ checkpoint: stored.checkpoint, entries: [7] }, 'storage-corrupt'],
      deep: [{ checkpoint: { ...stored.checkpoint, more: nested(5_000) }, entries: [] }, 'storage-corrupt'],
    }
    for (const [id, [content]] of Object.entries(cases)) await storage.write(id, content)
    const a = client({ storage, connect: false })
    for (const [id, [content, code]] of Object.entries(cases)) {
      await assert.rejects(a.open(id), has(code), id)
      assert.deepEqual(await storage.load(id), content, 'nothing was overwritten')
    }
    assert.equal((await a.open('fine')).value, 'x')
    await a.close()
  })

  it('a storage that is refused rejects open, and is tried again by the next', async () => {
    const { client } = world()
    const storage = troubled()
    const load = storage.load
    storage.load = () => Promise.reject(new RejoinError('storage-refused', 'private window'))
    const a = client({ storage, connect: false })
    await assert.rejects(a.open('d'), has('storage-refused'))
    storage.load = load
    assert.equal((await a.open('d')).value, '')
    await a.close()
  })

  it('a crash between edits and their write loses only what was not saved', async () => {
    const { client, settle } = world()
    const storage = troubled()
    const a = client({ storage, connect: false })
    const doc = await a.open('d')
    doc.text().insert(0, 'saved')
    await doc.saved()
    storage.held = new Promise(() => {})
    doc.text().insert(0, 'not ')
    await settle()
    // The program ends here.
    const b = client({ storage: storage.inner, connect: false })
    assert.equal((await b.open('d')).value, 'saved')
    await b.close()
  })
})

describe('server trouble', () => {
  it('a rejected edit goes to the inbox, and committed() rejects with its code', async () => {
    const { server, client, settle } = world()
    const storage = memoryStorage()
    const a = client({ storage })
    const doc = await a.open('d', { create: 'ok ' })
    await settle()
    const events = []
    doc.on('rejected', (edit) => events.push(edit.code))
    server.intercept = (message, link) =>
      message.type === 'submit' &&
      (server.say(link, { type: 'rejected', doc: 'd', seq: message.seq, code: 'too-large', detail: 'limit' }), true)
    doc.text().insert(3, 'refused')
    const committed = assert.rejects(doc.committed(), has('too-large'))
    await settle(0)
    await committed
    assert.deepEqual(events, ['too-large'])
    assert.equal(doc.value, 'ok ')
    assert.equal(doc.status.rejected, 1)
    server.intercept = () => false
    doc.text().insert(3, 'fine')
    await doc.committed()
    assert.equal(server.doc('d').value, 'ok fine')
    await a.close()
    const b = client({ storage })
    const again = await b.open('d')
    assert.equal(again.rejected.list()[0].code, 'too-large', 'over restarts')
    assert.ok(again.rejected.export().includes('refused'))
    again.rejected.discard(again.rejected.list()[0].id)
    assert.equal(again.status.rejected, 0)
    await b.close()
  })

  it('unknown message types and garbage are ignored; documents go on', async () => {
    const { server, client, settle } = world()
    const a = client()
    const errors = []
    a.on('error', (error) => errors.push(error.code))
    const doc = await a.open('d')
    await settle()
    const docErrors = []
    doc.on('error', (error) => docErrors.push(error.code))
    server.shout({ type: 'from-the-future', doc: 'd', x: 1 })
    server.shout('not json')
    server.shout({ type: 'ops', doc: 'd', nonsense: true })
    server.shout({ type: 'committed', doc: 'd', revision: 'one', client: 'x', seq: 1 })
    server.shout({ type: 'committed', doc: 'not open', revision: 1, client: 'x', seq: 1 })
    server.shout({ type: 'error', code: 'overloaded', detail: 'soon' })
    await settle()
    assert.deepEqual(errors, ['malformed-message', 'overloaded'])
    assert.deepEqual(docErrors, ['malformed-message', 'malformed-message'])
    doc.text().insert(0, 'on')
    await doc.committed()
    assert.equal(server.doc('d').value, 'on')
    await a.close()
  })

  it('messages that WebAssembly would choke on or change are refused before it; documents go on', async () => {
    const { server, client, settle } = world()
    const a = client()
    const errors = []
    a.on('error', (error) => errors.push([error.code, error.details.limit ?? error.details.offset]))
    const [doc, other] = [await a.open('d', { create: 'abc' }), await a.open('other')]
    await settle()
    doc.on('error', (error) => errors.push(error.code))
    const deep = (n) => '['.repeat(n) + ']'.repeat(n)
    for (const n of [1_000, 200_000]) {
      server.shout(`{"type":"committed","doc":"d","revision":1,"client":"x","seq":1,"op":${deep(n)}}`)
      server.shout(`{"type":"committed","doc":"d","revision":1,"client":"x","seq":1,"later":${deep(n)}}`)
    }
    server.shout(String.raw`{"type":"committed","doc":"d","revision":1,"client":"x","seq":1,"op":[{"es":[3,"ok \ud83d"]}]}`)
    // Neither deep nor half: brackets in strings, escaped quotes, whole pairs.
    server.shout(String.raw`{"type":"from-the-future","text":"${'['.repeat(500)}\"${'{'.repeat(500)} \ud83d\ude00"}`)
    await settle()
    assert.deepEqual(errors, [...Array(4).fill(['malformed-message', 200]), ['malformed-message', 3]])
    assert.equal(doc.value, 'abc')
    doc.text().insert(3, ' on')
    other.text().insert(0, 'too')
    await Promise.all([doc.committed(), other.committed()])
    assert.equal(server.doc('d').value, 'abc on')
    await a.close()
  })

  it('an op that does not fit is a fault that mends itself', async () => {
    const { server, client, settle } = world()
    const a = client()
    const doc = await a.open('d', { create: 'abc' })
    await settle()
    const errors = []
    doc.on('error', (error) => errors.push(error.code))
    server.shout({ type: 'committed', doc: 'd', revision: 1, client: 'other', seq: 1, op: [{ es: [50, 'x'] }] })
    doc.text().insert(0, 'mine ')
    await settle(1000)
    assert.deepEqual(errors, ['diverged'])
    assert.equal(doc.status.link, 'live')
    assert.equal(server.doc('d').value, 'mine abc')
    assert.equal(doc.value, 'mine abc')
    await a.close()
  })

  it('a document the server does not serve: told, edits kept, asked again with backoff', async () => {
    const { server, client, settle } = world()
    const a = client()
    let refusing = true
    let asked = 0
    server.intercept = (message, link) => {
      if (message.type !== 'open' || !refusing) return false
      asked++
      server.say(link, { type: 'error', doc: message.doc, code: 'storage-unavailable', detail: 'disk' })
      return true
    }
    const doc = await a.open('d')
    const errors = []
    doc.on('error', (error) => errors.push(error.code))
    doc.text().insert(0, 'kept')
    await settle(30_000)
    assert.equal(doc.status.link, 'refused')
    assert.ok(asked > 2 && asked < 15, `asked ${asked} times in 30 s`)
    assert.equal(errors[0], 'storage-unavailable')
    refusing = false
    await settle(120_000)
    assert.equal(server.doc('d').value, 'kept')
    await a.close()
  })

  it('unauthorized for a document rejects those who wait', async () => {
    const { server, client, settle } = world()
    const a = client()
    server.intercept = (message, link) =>
      message.type === 'open' && (server.say(link, { type: 'error', doc: 'd', code: 'unauthorized', detail: 'no' }), true)
    const doc = await a.open('d')
    doc.text().insert(0, 'x')
    const waits = [doc.whenSynced(), doc.committed()]
    for (const wait of waits) wait.catch(() => {})
    await settle()
    for (const wait of waits) await assert.rejects(wait, has('unauthorized'))
    assert.equal(doc.value, 'x')
    await a.close()
  })

  it('waits can be aborted', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const doc = await a.open('d')
    doc.text().insert(0, 'x')
    const controller = new AbortController()
    const wait = doc.committed({ signal: controller.signal })
    controller.abort()
    await assert.rejects(wait, has('aborted'))
    await assert.rejects(doc.committed({ signal: controller.signal }), has('aborted'))
    const open = doc.committed()
    const closed = assert.rejects(open, has('closed'))
    await new Promise((resolve) => setImmediate(resolve))
    await a.close()
    await closed
  })

  it('a copied storage gets a client id of its own, and loses nothing', async () => {
    const { server, client, settle } = world()
    const storage = memoryStorage()
    const first = client({ storage })
    const doc = await first.open('d')
    doc.text().insert(0, 'shared. ')
    await doc.committed()
    const copy = memoryStorage()
    await copy.write('d', await storage.load('d'))
    const second = client({ storage: copy })
    const twin = await second.open('d')
    await settle()
    doc.text().insert(0, 'one. ')
    await doc.committed()
    await settle()
    twin.text().insert(0, 'two. ')
    await twin.committed()
    await settle()
    assert.equal(doc.value, twin.value)
    for (const part of ['one. ', 'two. ', 'shared. ']) assert.equal(doc.value.split(part).length, 2, doc.value)
    assert.notEqual(server.doc('d').log.at(-1).client, server.doc('d').log.at(-2).client)
    await Promise.all([first.close(), second.close()])
  })
})

describe('bad input', () => {
  it('each has its code, and changes nothing', async () => {
    const { client } = world()
    const a = client({ connect: false })
    const doc = await a.open('d', { create: 'a😀b' })
    const text = doc.text()
    const cases = [
      [() => text.insert(5, 'x'), 'offset-out-of-bounds'],
      [() => text.insert(2, 'x'), 'offset-inside-pair'],
      [() => text.delete(0, 2), 'offset-inside-pair'],
      [() => text.delete(3, 2), 'offset-out-of-bounds'],
      [() => text.delete(0, 2 ** 40), 'offset-out-of-bounds'],
      [() => text.insert(2 ** 40, 'x'), 'offset-out-of-bounds'],
      [() => text.insert(-1, 'x'), 'invalid-offset'],
      [() => text.insert(1.5, 'x'), 'invalid-offset'],
      [() => text.insert(NaN, 'x'), 'invalid-offset'],
      [() => text.insert('1', 'x'), 'invalid-offset'],
      [() => text.insert(0, '\ud83d'), 'lone-surrogate'],
      [() => text.insert(0, 'ab\ude00'), 'lone-surrogate'],
      [() => text.set('\ude00\ud83d'), 'lone-surrogate'],
      [() => text.insert(0, null), 'invalid-argument'],
      [() => text.change([{ from: 1, to: 3, insert: 'x' }, { from: 2, to: 4, insert: 'y' }]), 'invalid-argument'],
      [() => text.change([{ from: 0, to: 0, insert: 'x' }, { from: 2, to: 3, insert: '' }]), 'offset-inside-pair'],
      [() => text.change([{ from: 0, to: 0, insert: 'x' }, { from: 4, to: 9, insert: '' }]), 'offset-out-of-bounds'],
      [() => text.change([{ from: 3, to: 1, insert: '' }]), 'invalid-argument'],
      [() => text.change({ from: 0, to: 1, insert: '' }), 'invalid-argument'],
      [() => text.change([{ from: 0, insert: '' }]), 'invalid-offset'],
      [() => text.change([{ from: 0, to: 0 }]), 'invalid-argument'],
      [() => text.change([{ from: 0, to: 0, insert: 'x' }, null]), 'invalid-argument'],
    ]
    for (const [run, code] of cases) {
      assert.throws(run, has(code), String(run))
      assert.equal(doc.value, 'a😀b', String(run))
    }
    assert.equal(doc.status.edits, 0)
    await assert.rejects(a.open(''), has('invalid-name'))
    await assert.rejects(a.open('x'.repeat(300)), has('invalid-name'))
    await assert.rejects(a.open('a\nb'), has('invalid-name'))
    await assert.rejects(a.open('\ud800'), has('lone-surrogate'))
    await assert.rejects(a.open('e', { create: '\ud800' }), has('lone-surrogate'))
    await assert.rejects(a.open(7), has('invalid-argument'))
    for (const url of [7, '', 'localhost:8080/sync', 'http://x/sync', '/sync', 'ws:// /']) {
      assert.throws(() => new Client({ url, transport: new FakeServer().transport() }), has('invalid-argument'), String(url))
    }
    await a.close()
  })
})

describe('a crash of the engine', () => {
  /** Far past every stack: how deep 5,000 is felt depends on whether V8 has optimised the module by then. */
  const OVERFLOWING = 100_000

  /** The next call of a method traps. */
  function trapNext(method, times = 1) {
    const prototype = engine().Replica.prototype
    const original = prototype[method]
    prototype[method] = function (...args) {
      if (--times <= 0) prototype[method] = original
      void args
      throw new WebAssembly.RuntimeError('unreachable')
    }
    return () => (prototype[method] = original)
  }

  for (const method of ['receive', 'flush', 'takeEffects', 'persisted']) {
    it(`in ${method}: the document is restored, nothing typed is lost, the others go on`, async () => {
      const { server, client, settle } = world()
      const a = client()
      const [doc, other] = [await a.open('d'), await a.open('other')]
      const errors = []
      doc.on('error', (error) => errors.push(error.code))
      let restarts = 0
      doc.on('restart', () => restarts++)
      doc.text().insert(0, 'before ')
      await doc.committed()
      await settle()
      doc.text().insert(7, 'typed')
      const committed = doc.committed().catch((error) => error.code)
      trapNext(method)
      doc.text().insert(12, ' more')
      await settle(1_000)
      assert.equal(doc.status.link, 'live', 'the server answers the restored engine at once')
      await settle(60_000)
      assert.deepEqual(errors, ['engine-trapped'])
      assert.equal(restarts, 1)
      assert.equal(doc.value, 'before typed more')
      await doc.committed()
      assert.ok([undefined, 'engine-trapped'].includes(await committed))
      assert.equal(server.doc('d').value, 'before typed more')
      other.text().insert(0, 'fine')
      await other.committed()
      await a.close()
    })
  }

  it('for real, by a stack that overflows in WebAssembly; the garbage collector meets no wreck', async () => {
    const { server, client, settle } = world()
    const a = client()
    const [doc, other] = [await a.open('d'), await a.open('other')]
    await settle()
    const errors = []
    doc.on('error', (error) => errors.push(error.code))
    const prototype = engine().Replica.prototype
    const original = prototype.receive
    prototype.receive = function (message) {
      prototype.receive = original
      return original.call(this, { ...message, later: nested(OVERFLOWING) })
    }
    doc.text().insert(0, 'typed')
    await settle(60_000)
    assert.deepEqual(errors, ['engine-trapped'])
    assert.equal(doc.value, 'typed')
    await doc.committed()
    assert.equal(server.doc('d').value, 'typed')
    other.text().insert(0, 'fine')
    await other.committed()
    v8.setFlagsFromString('--expose-gc')
    for (let i = 0; i < 5; i++) {
      runInNewContext('gc')()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await a.close()
  })

  it('for real and often: no document takes the others down with it', async () => {
    const { client, settle } = world()
    const a = client({ connect: false })
    const other = await a.open('other')
    const prototype = engine().Replica.prototype
    const original = prototype.edit
    for (let n = 0; n < 12; n++) {
      const doc = await a.open(`d${n}`)
      prototype.edit = function () {
        prototype.edit = original
        return this.receive({ type: 'committed', doc: 'd', revision: 1, client: 'x', seq: 1, later: nested(OVERFLOWING) })
      }
      assert.throws(() => doc.text().insert(0, 'x'), has('engine-trapped'))
      await settle()
      doc.text().insert(0, 'again')
      other.text().insert(0, 'y')
      await Promise.all([doc.saved(), other.saved()])
      assert.equal(doc.value, 'again')
      await doc.close()
    }
    assert.equal(other.value, 'y'.repeat(12))
    await a.close()
  })

  it('in an edit: that edit throws engine-trapped and is not made', async () => {
    const { client, settle } = world()
    const a = client({ connect: false })
    const doc = await a.open('d')
    doc.text().insert(0, 'one')
    trapNext('edit')
    assert.throws(() => doc.text().insert(3, ' two'), has('engine-trapped'))
    assert.equal(doc.status.link, 'restarting')
    assert.throws(() => doc.text().insert(3, ' three'), has('engine-trapped'))
    await settle()
    assert.equal(doc.status.link, 'offline')
    assert.equal(doc.value, 'one')
    await a.close()
  })

  it('again and again: the document stays down with a typed error, the others go on', async () => {
    const { client, settle } = world()
    const a = client()
    const [doc, other] = [await a.open('d'), await a.open('other')]
    await settle()
    doc.text().insert(0, 'x')
    await doc.committed()
    const prototype = engine().Replica.prototype
    const original = prototype.edit
    prototype.edit = () => {
      throw new RangeError('Maximum call stack size exceeded')
    }
    for (let i = 0; i < 4; i++) {
      assert.throws(() => doc.text().insert(0, 'y'), has('engine-trapped'))
      await settle()
    }
    prototype.edit = original
    assert.equal(doc.status.link, 'crashed')
    await assert.rejects(doc.committed(), has('engine-trapped'))
    other.text().insert(0, 'fine')
    await other.committed()
    await a.close()
    const b = client({ storage: memoryStorage() })
    await b.close()
  })
})
