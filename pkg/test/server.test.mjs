// Real clients against the real server, over a real WebSocket.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import WebSocket from 'ws'
import { Client, init, memoryStorage, silentLogger, webSocketTransport } from '../dist/index.js'
import { changesOfOp } from '../dist/text-op.js'
import { corpus } from './support/corpus.mjs'
import { below, seeded, someChange } from './support/random.mjs'
import { binary, freePort, start, stop, until } from './support/rejoin-server.mjs'

describe('against rejoin-server', { timeout: 300_000 }, () => {
  let path, port, server
  const client = (options = {}) =>
    new Client({
      url: `ws://127.0.0.1:${port}/sync`,
      transport: webSocketTransport({ WebSocket }),
      storage: memoryStorage(),
      logger: silentLogger,
      ...options,
    })

  before(async () => {
    await init()
    path = binary()
    port = await freePort()
    server = await start(path, port)
  })
  after(() => stop(server))

  it('two clients edit apart, rejoin, and have both edits', async () => {
    const [a, b] = [client(), client()]
    const [da, db] = [await a.open('apart', { create: 'base' }), await b.open('apart', { create: 'base' })]
    await Promise.all([da.whenSynced(), db.whenSynced()])
    a.disconnect()
    b.disconnect()
    da.text().insert(0, 'A😀 ')
    db.text().insert(4, ' é B')
    await Promise.all([da.saved(), db.saved()])
    a.connect()
    await da.committed()
    b.connect()
    await db.committed()
    const late = client()
    const dl = await late.open('apart')
    await dl.whenSynced()
    assert.equal(dl.value, 'A😀 base é B')
    await until(() => da.value === dl.value && db.value === dl.value)
    await Promise.all([a.close(), b.close(), late.close()])
  })

  it('the corpus: two clients make both sides of every diamond offline and rejoin, in both orders', async () => {
    const [a, b] = [client(), client()]
    const runs = corpus()
      .filter(({ kind, skip }) => kind === 'diamond' && !skip?.server)
      .flatMap(({ name, doc, left, right, out, swapped = out }) => [
        { name, doc, first: left, second: right, out },
        { name: `${name} (swapped)`, doc, first: right, second: left, out: swapped },
      ])
    assert.ok(runs.length > 100)
    for (const [i, run] of runs.entries()) {
      run.a = await a.open(`corpus/${i}`, { create: run.doc })
      await run.a.whenSynced()
      run.b = await b.open(`corpus/${i}`)
      await run.b.whenSynced()
    }
    a.disconnect()
    b.disconnect()
    for (const { doc, first, second, ...docs } of runs) {
      docs.a.text().change(changesOfOp(first, doc))
      docs.b.text().change(changesOfOp(second, doc))
    }
    await Promise.all(runs.flatMap((run) => [run.a.saved(), run.b.saved()]))
    a.connect()
    await Promise.all(runs.map((run) => run.a.committed()))
    b.connect()
    await Promise.all(runs.map((run) => run.b.committed()))
    const late = client()
    for (const [i, { name, out, ...docs }] of runs.entries()) {
      const doc = await late.open(`corpus/${i}`)
      await doc.whenSynced()
      assert.equal(doc.value, out, name)
      await until(() => docs.a.value === out)
      assert.equal(docs.b.value, out, name)
    }
    await Promise.all([a, b, late].map((c) => c.close()))
  })

  it('the corpus: an op that is malformed, or does not fit, is rejected with its code, and the document goes on', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/sync`)
    const heard = []
    socket.on('message', (data) => heard.push(JSON.parse(data)))
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'hello', protocol: 1 }))
    const lines = corpus().filter(({ kind, skip }) => (kind === 'refuse' || kind === 'apply') && !skip?.server)
    assert.ok(lines.length > 50)
    for (const [i, { kind, name, doc = 'abc', wire, op, code }] of lines.entries()) {
      const id = `corpus/bad/${i}`
      const submit = (seq, json) => socket.send(`{"type":"submit","doc":${JSON.stringify(id)},"seq":${seq},"base":0,"op":[{"es":${json}}]}`)
      socket.send(JSON.stringify({ type: 'open', doc: id, client: 'eve', request: 1, epoch: null, revision: 0, seq: 0, create: doc }))
      submit(1, wire ?? JSON.stringify(op))
      submit(2, '["fine "]')
      await until(() => heard.some((message) => message.doc === id && message.seq === 2))
      const [opened, rejected, committed] = heard.filter((message) => message.doc === id)
      assert.equal(opened.type, 'snapshot', name)
      assert.deepEqual([rejected.type, rejected.code], ['rejected', kind === 'refuse' ? 'malformed-op' : code], name)
      assert.deepEqual([committed.type, committed.revision], ['committed', 1], name)
    }
    socket.close()
  })

  it('clients that type at once, and come and go, converge with every edit exactly once', async () => {
    const clients = Array.from({ length: 4 }, () => client())
    const docs = await Promise.all(clients.map((c) => c.open('busy', { create: '' })))
    const random = seeded(7)
    const marks = []
    for (let step = 0; step < 300; step++) {
      const i = below(random, 4)
      const dice = below(random, 30)
      if (dice === 0) clients[i].disconnect()
      else if (dice <= 3) clients[i].connect()
      else if (dice <= 6) await new Promise((resolve) => setTimeout(resolve, below(random, 20)))
      else {
        const mark = `<${i}:${step}>`
        marks.push(mark)
        const change = someChange(random, docs[i].value)
        // Between whole marks, so that each can be found again.
        const at = docs[i].value.lastIndexOf('>', change.from) + 1
        docs[i].text().insert(at, mark)
      }
    }
    for (const c of clients) c.connect()
    await Promise.all(docs.map((doc) => doc.committed()))
    const late = client()
    const doc = await late.open('busy')
    await doc.whenSynced()
    for (const mark of marks) assert.equal(doc.value.split(mark).length, 2, mark)
    await until(() => docs.every(({ value }) => value === doc.value))
    await Promise.all([...clients, late].map((c) => c.close()))
  })

  it('a server that is killed and comes back has what it acknowledged; clients go on by themselves', async () => {
    const data = mkdtempSync(join(tmpdir(), 'rejoin-'))
    const ownPort = await freePort()
    let own = await start(path, ownPort, data)
    const a = client({ url: `ws://127.0.0.1:${ownPort}/sync`, random: () => 0.2 })
    try {
      const doc = await a.open('kept')
      doc.text().insert(0, 'before ')
      await doc.committed()
      await stop(own)
      doc.text().insert(7, 'meanwhile ')
      await doc.saved()
      own = await start(path, ownPort, data)
      await doc.committed()
      const b = client({ url: `ws://127.0.0.1:${ownPort}/sync` })
      const other = await b.open('kept')
      await other.whenSynced()
      assert.equal(other.value, 'before meanwhile ')
      await b.close()
    } finally {
      await a.close()
      await stop(own)
      rmSync(data, { recursive: true, force: true })
    }
  })

  it('kill -9 in the middle of 1,000 edits from 8 clients: each edit is there exactly once', async () => {
    const data = mkdtempSync(join(tmpdir(), 'rejoin-'))
    const ownPort = await freePort()
    let own = await start(path, ownPort, data)
    const url = `ws://127.0.0.1:${ownPort}/sync`
    // A short backoff, so that the edits do not end before the server is back.
    const clients = Array.from({ length: 8 }, () => client({ url, random: () => 0.1 }))
    let kills = 0
    try {
      const docs = await Promise.all(clients.map((c) => c.open('killed', { create: '' })))
      await Promise.all(docs.map((doc) => doc.whenSynced()))
      const random = seeded(11)
      const marks = []
      for (let edit = 0; edit < 1000; edit++) {
        const i = below(random, 8)
        const mark = `<${i}:${edit}>`
        marks.push(mark)
        const text = docs[i].value
        docs[i].text().insert(text.lastIndexOf('>', below(random, text.length + 1)) + 1, mark)
        if (edit % 3 === 0) await new Promise((resolve) => setTimeout(resolve, below(random, 8)))
        if (edit % 200 === 150) {
          await stop(own, 'SIGKILL')
          kills++
          own = await start(path, ownPort, data)
        }
      }
      await Promise.all(docs.map((doc) => doc.committed()))
      await stop(own, 'SIGKILL')
      own = await start(path, ownPort, data)
      const late = client({ url })
      const doc = await late.open('killed')
      await doc.whenSynced()
      for (const mark of marks) assert.equal(doc.value.split(mark).length, 2, `${mark} is there exactly once`)
      assert.equal(doc.value.length, marks.join('').length, 'nothing else is there')
      await until(() => docs.every(({ value }) => value === doc.value))
      assert.equal(kills, 5)
      await late.close()
    } finally {
      await Promise.all(clients.map((c) => c.close()))
      await stop(own)
      rmSync(data, { recursive: true, force: true })
    }
  })

  it('an edit larger than the server reads ends in the inbox; later edits and other documents go on', async () => {
    const ownPort = await freePort()
    const own = await start(path, ownPort, undefined, ['--max-message-bytes', '20000'])
    const a = client({ url: `ws://127.0.0.1:${ownPort}/sync` })
    try {
      const [doc, other] = [await a.open('d', { create: 'start' }), await a.open('other')]
      await Promise.all([doc.whenSynced(), other.whenSynced()])
      // So large that the server would close the connection over it.
      doc.text().insert(0, '😀'.repeat(100_000))
      const decided = doc.committed()
      doc.text().insert(0, 'before ')
      other.text().insert(0, 'goes on')
      await assert.rejects(decided, ({ code }) => code === 'too-large')
      await Promise.all([doc.committed(), other.committed()])
      assert.equal(doc.value, 'before start')
      assert.equal(doc.rejected.list()[0].code, 'too-large')
      assert.equal(a.status.failures, 0)
      const b = client({ url: `ws://127.0.0.1:${ownPort}/sync` })
      const late = await b.open('d')
      await late.whenSynced()
      assert.equal(late.value, 'before start')
      await b.close()
    } finally {
      await a.close()
      await stop(own)
    }
  })

  it('bad messages are answered with their codes', async () => {
    const talk = async (messages, wanted) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/sync`)
      const heard = []
      socket.on('message', (data) => heard.push(JSON.parse(data)))
      await once(socket, 'open')
      for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message))
      await until(() => heard.some(({ code }) => code === wanted))
      socket.close()
    }
    const hello = { type: 'hello', protocol: 1 }
    await talk([{ type: 'hello', protocol: 99 }], 'protocol-version')
    await talk([hello, '{'], 'malformed-message')
    await talk([hello, { type: 'open', doc: '', client: 'c', request: 1, epoch: null, revision: 0, seq: 0 }], 'invalid-name')
    await talk([hello, { type: 'open', doc: 'nowhere', client: 'c', request: 1, epoch: null, revision: 0, seq: 0 }], 'unknown-document')
    await talk([hello, { type: 'submit', doc: 'nowhere', seq: 1, base: 0, op: null }], 'not-open')
  })
})
