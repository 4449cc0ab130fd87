// JSON documents: real clients, the real engine, the real server.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import WebSocket from 'ws'
import { applyPatches, Client, init, memoryStorage, silentLogger, webSocketTransport } from '../dist/index.js'
import { mutate, someMutation, someRoot } from './support/json.mjs'
import { below, pick, seeded, someChange } from './support/random.mjs'
import { binary, freePort, start, stop, until } from './support/rejoin-server.mjs'

const clone = (value) => JSON.parse(JSON.stringify(value))
const BOARD = {
  todo: [
    { title: 'a', notes: 'one', votes: 1 },
    { title: 'b', notes: 'two', votes: 0 },
    { title: 'c', notes: 'three', votes: 0 },
  ],
  done: [],
  name: 'Board',
}

describe('JSON documents against rejoin-server', { timeout: 300_000 }, () => {
  let path, port, server
  const client = (options = {}) =>
    new Client({
      url: `ws://127.0.0.1:${port}/sync`,
      transport: webSocketTransport({ WebSocket }),
      storage: memoryStorage(),
      logger: silentLogger,
      ...options,
    })

  /** Two clients on one document, up to date; with what both tell. */
  async function pair(id, create = BOARD, options = {}) {
    const clients = [client(), client()]
    const docs = []
    for (const each of clients) {
      const doc = await each.open(id, { create: clone(create), ...options })
      await doc.whenSynced()
      docs.push(doc)
    }
    const conflicts = docs.map((doc) => {
      const heard = []
      doc.on('conflict', (conflict) => heard.push(conflict))
      return heard
    })
    return { clients, docs, conflicts, close: () => Promise.all(clients.map((each) => each.close())) }
  }

  /** Both edit offline; then the first comes back before the second. The value both have in the end. */
  async function apart({ clients: [a, b], docs: [da, db] }, one, two) {
    a.disconnect()
    b.disconnect()
    one(da)
    two(db)
    await Promise.all([da.saved(), db.saved()])
    a.connect()
    await da.committed()
    b.connect()
    await db.committed()
    await until(() => da.status.revision === db.status.revision && isDeepStrictEqual(da.value, db.value))
    const late = client()
    const doc = await late.open(da.id)
    await doc.whenSynced()
    assert.deepEqual(doc.value, da.value, 'who comes later has the same')
    await late.close()
    return da.value
  }

  before(async () => {
    await init()
    path = binary()
    port = await freePort()
    server = await start(path, port)
  })
  after(() => stop(server))

  it('change, move, increment and text in both, offline: both have all of it', async () => {
    const both = await pair('all')
    const value = await apart(
      both,
      (doc) => {
        doc.change((board) => {
          board.todo[0].title = 'A'
          board.todo.push({ title: 'new', notes: '', votes: 0 })
        })
        doc.move('/todo/1', '/done/0')
        doc.increment('/todo/0/votes')
        doc.text('/done/0/notes').insert(0, 'more than ')
      },
      (doc) => {
        doc.text('/todo/1/notes').insert(3, ' or three')
        doc.increment('/todo/0/votes', 2)
        doc.change((board) => {
          board.todo.unshift({ title: 'first', notes: '', votes: 0 })
          board.name += '!'
        })
      },
    )
    assert.deepEqual(value.done, [{ title: 'b', notes: 'more than two or three', votes: 0 }])
    assert.deepEqual(value.todo.find(({ title }) => title === 'A'), { title: 'A', notes: 'one', votes: 4 })
    assert.deepEqual(value.todo.map(({ title }) => title).sort(), ['A', 'c', 'first', 'new'])
    assert.equal(value.name, 'Board!')
    assert.deepEqual(both.conflicts, [[], []])
    await both.close()
  })

  it('a conflict is told once, to the one whose edit met an accepted one: what, where, both values, who won', async () => {
    const cases = [
      {
        settings: undefined,
        one: (doc) => doc.change((board) => void (board.name = 'theirs')),
        two: (doc) => doc.change((board) => void (board.name = 'mine')),
        name: 'theirs',
        conflict: { kind: 'DropCollision', path: ['name'], policy: 'keep', winner: 'theirs', mine: ['insert', 'mine'], theirs: ['insert', 'theirs'] },
      },
      {
        // The policy is the path's.
        settings: { policies: [{ path: '/name', policy: 'client' }, { path: '', policy: 'keep' }] },
        one: (doc) => doc.change((board) => void (board.name = 'theirs')),
        two: (doc) => doc.change((board) => void (board.name = 'mine')),
        name: 'mine',
        conflict: { kind: 'DropCollision', path: ['name'], policy: 'client', winner: 'mine', mine: ['insert', 'mine'], theirs: ['insert', 'theirs'] },
      },
      {
        settings: { policies: [{ path: '/todo', policy: 'client' }, { path: '/name', policy: 'manual' }] },
        one: (doc) => doc.change((board) => void (board.name = 'theirs')),
        two: (doc) => doc.change((board) => void (board.name = 'mine')),
        name: 'theirs',
        conflict: { kind: 'DropCollision', path: ['name'], policy: 'manual', winner: 'theirs', mine: ['insert', 'mine'], theirs: ['insert', 'theirs'] },
      },
      {
        settings: undefined,
        one: (doc) => doc.remove('/todo/1'),
        two: (doc) => {
          doc.insert('/todo/0', { title: 'first' })
          doc.text('/todo/2/notes').insert(0, '> ')
        },
        name: 'Board',
        conflict: {
          kind: 'RmUnexpectedContent',
          path: ['todo', 2, 'notes'],
          policy: 'keep',
          winner: 'theirs',
          mine: ['edit', '> two'],
          theirs: ['remove', { title: 'b', notes: '> two', votes: 0 }],
        },
      },
      {
        settings: { policies: [{ path: '', policy: 'client', restore: true }] },
        one: (doc) => doc.remove('/todo/1'),
        two: (doc) => doc.text('/todo/1/notes').insert(0, '> '),
        name: 'Board',
        todo: [['a', 'one'], ['b', '> two'], ['c', 'three']],
        conflict: {
          kind: 'RmUnexpectedContent',
          path: ['todo', 1, 'notes'],
          policy: 'client',
          winner: 'mine',
          mine: ['edit', '> two'],
          theirs: ['remove', { title: 'b', notes: '> two', votes: 0 }],
        },
      },
      {
        settings: undefined,
        one: (doc) => doc.move('/todo/0', '/done/0'),
        two: (doc) => {
          doc.move('/todo/0', '/todo/2')
          doc.increment('/todo/2/votes')
        },
        name: 'Board',
        conflict: {
          kind: 'MoveMove',
          path: ['done', 0],
          policy: 'keep',
          winner: 'theirs',
          mine: ['move', { title: 'a', notes: 'one', votes: 2 }],
          theirs: ['move', { title: 'a', notes: 'one', votes: 1 }],
        },
      },
    ]
    for (const [i, { settings, one, two, name, todo, conflict }] of cases.entries()) {
      const both = await pair(`conflict/${i}`, BOARD, { settings })
      const value = await apart(both, one, two)
      assert.equal(value.name, name, `case ${i}`)
      if (todo) assert.deepEqual(value.todo.map(({ title, notes }) => [title, notes]), todo, `case ${i}`)
      const [accepted, later] = both.conflicts
      assert.deepEqual(accepted, [], `case ${i}: who was first has lost nothing`)
      const told = later.map(({ mine, theirs, ...rest }) => ({
        ...rest,
        mine: [mine[0].do, mine[0].value],
        theirs: [theirs[0].do, theirs[0].value],
      }))
      assert.deepEqual(told, [conflict], `case ${i}`)
      await both.close()
    }
  })

  it('an edit that the schema refuses is taken back alone; what was edited after it stays', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string', maxLength: 10 }, todo: { items: { required: ['title'] } } },
    }
    const both = await pair('schema', BOARD, { settings: { schema } })
    const [a, b] = both.docs
    const refused = []
    a.on('rejected', (edit) => refused.push(edit.code))
    const mirror = { value: a.value }
    a.on('change', ({ patches }) => (mirror.value = applyPatches(mirror.value, patches)))
    a.change((board) => {
      board.todo[0].title = 'kept aside'
      board.name = 'far too long a name'
    })
    const decided = a.committed()
    a.text('/todo/1/notes').insert(0, 'later ')
    a.increment('/todo/2/votes', 5)
    await assert.rejects(decided, ({ code }) => code === 'schema-violation')
    await a.committed()
    const expected = clone(BOARD)
    expected.todo[1].notes = 'later two'
    expected.todo[2].votes = 5
    assert.deepEqual(a.value, expected)
    assert.deepEqual(mirror.value, expected, 'the patches tell of it')
    await until(() => isDeepStrictEqual(b.value, expected))
    assert.deepEqual(refused, ['schema-violation'])
    const [edit] = a.rejected.list()
    assert.match(edit.detail, /"\/name"/, 'where')
    assert.match(edit.detail, /longer than 10/, 'what the schema wants')
    // What it was can be made again, once mended.
    a.submitOp(['todo', 0, 'title', { r: true, i: 'kept aside' }])
    a.rejected.discard(edit.id)
    await a.committed()
    assert.equal(a.value.todo[0].title, 'kept aside')
    assert.deepEqual(a.rejected.list(), [])
    await both.close()
  })

  it('another schema version: upgrade needed, the queue is kept, and goes out once the page is upgraded', async () => {
    const first = client()
    const created = await first.open('version', { create: BOARD, settings: { schemaVersion: 1 } })
    await created.whenSynced()
    const storage = memoryStorage()
    const own = client({ storage })
    let doc = await own.open('version', { schemaVersion: 1 })
    await doc.whenSynced()
    own.disconnect()
    doc.increment('/todo/0/votes')
    await doc.close()
    doc = await own.open('version', { schemaVersion: 2 })
    const errors = []
    doc.on('error', ({ code }) => errors.push(code))
    doc.increment('/todo/0/votes')
    own.connect()
    await until(() => errors.length > 0)
    assert.deepEqual(errors, ['upgrade-needed'])
    assert.equal(doc.status.link, 'refused')
    assert.equal(doc.status.refusal.code, 'upgrade-needed')
    assert.match(doc.status.refusal.message, /version 2.*has 1/)
    doc.increment('/todo/0/votes')
    await assert.rejects(doc.committed(), ({ code }) => code === 'upgrade-needed')
    assert.equal(doc.value.todo[0].votes, 4)
    assert.equal(doc.status.pending || doc.status.inflight !== undefined, true)
    await doc.close()
    doc = await own.open('version', { schemaVersion: 1 })
    await doc.committed()
    assert.equal(doc.status.refusal, undefined)
    await until(() => created.value.todo[0].votes === 4)
    await Promise.all([first.close(), own.close()])
  })

  it('settings that no document can have: a typed error here, or from the server', async () => {
    const own = client()
    await assert.rejects(own.open('s', { settings: { policies: [{ path: 'no pointer', policy: 'keep' }] } }), ({ code }) => code === 'invalid-settings')
    await assert.rejects(own.open('s', { settings: { policies: [{ path: '', policy: 'best' }] } }), ({ code }) => code === 'invalid-settings')
    await assert.rejects(own.open('s', { schemaVersion: -1 }), ({ code }) => code === 'invalid-argument')
    const doc = await own.open('s2', { create: BOARD, settings: { schema: { type: 'nonsense' } } })
    await assert.rejects(doc.whenSynced(), ({ code }) => code === 'invalid-settings')
    assert.deepEqual(doc.value, BOARD)
    await own.close()
  })

  it('anything at random in three copies that come and go: equal in the end, and every view followed by its patches', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const random = seeded(seed)
      const policy = pick(random, ['keep', 'client', 'lww', 'manual'])
      const settings = { policies: [{ path: '/a', policy }, { path: '', policy: 'keep' }] }
      const clients = [client(), client(), client()]
      const root = someRoot(random)
      const docs = []
      for (const each of clients) {
        const doc = await each.open(`random/${seed}`, { create: root, settings })
        await doc.whenSynced()
        docs.push(doc)
      }
      const mirrors = docs.map((doc) => {
        const mirror = { value: clone(doc.value) }
        doc.on('change', ({ patches }) => (mirror.value = applyPatches(mirror.value, patches)))
        return mirror
      })
      const rejected = []
      for (const doc of docs) doc.on('rejected', (edit) => rejected.push(edit))
      for (let step = 0; step < 60; step++) {
        const i = below(random, 3)
        const doc = docs[i]
        const dice = below(random, 12)
        if (dice === 0) clients[i].disconnect()
        else if (dice === 1) clients[i].connect()
        else if (dice === 2) await new Promise((resolve) => setTimeout(resolve, below(random, 20)))
        else if (dice < 5) editSomeText(random, doc)
        else if (dice < 7) moveSomething(random, doc)
        else if (typeof doc.value === 'object' && doc.value !== null) {
          const mutation = someMutation(random, clone(doc.value))
          // A page that writes to what is not there gets an error, as in plain JavaScript.
          doc.change((draft) => mutate(draft, mutation, true))
        }
        assert.deepEqual(mirrors[i].value, doc.value, `seed ${seed}, step ${step}`)
      }
      for (const each of clients) each.connect()
      await Promise.all(docs.map((doc) => doc.committed()))
      await Promise.all(docs.map((doc) => doc.whenSynced()))
      const [first] = docs
      await until(() => docs.every((doc) => doc.status.revision === first.status.revision && !doc.status.pending && isDeepStrictEqual(doc.value, first.value)))
      for (const [i, doc] of docs.entries()) assert.deepEqual(mirrors[i].value, doc.value, `seed ${seed}`)
      assert.deepEqual(rejected, [], `seed ${seed}`)
      await Promise.all(clients.map((each) => each.close()))
    }
  })
})

function* places(value, path = []) {
  yield [path, value]
  if (typeof value === 'object' && value !== null) for (const key of Object.keys(value)) yield* places(value[key], [...path, Array.isArray(value) ? Number(key) : key])
}

function editSomeText(random, doc) {
  const strings = [...places(doc.value)].filter(([, value]) => typeof value === 'string')
  if (strings.length === 0) return
  const [path, value] = pick(random, strings)
  doc.text(path).change([someChange(random, value)])
}

function moveSomething(random, doc) {
  const all = [...places(doc.value)]
  const from = pick(random, all.filter(([path]) => path.length > 0))
  const lists = all.filter(([path, value]) => Array.isArray(value) && !from?.[0].every((key, i) => path[i] === key))
  if (from === undefined || lists.length === 0) return
  const [list, items] = pick(random, lists)
  // `to` is where it ends up: the way there counts without it.
  const way = [...list]
  const container = from[0].slice(0, -1)
  const index = from[0].at(-1)
  const within = container.every((key, i) => list[i] === key)
  if (within && typeof index === 'number' && list[container.length] > index) way[container.length]--
  const leaves = within && list.length === container.length ? 1 : 0
  doc.move(from[0], [...way, below(random, items.length + 1 - leaves)])
}
