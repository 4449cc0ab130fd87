import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { indexedDbStorage, memoryStorage, RejoinError } from '../dist/index.js'
import { storageContract } from './storage-contract.mjs'

const stores = {
  memory: () => memoryStorage(),
  // A real disk writes what was structured-cloned: so does this.
  indexeddb: (name) => indexedDbStorage(name),
}

for (const [kind, make] of Object.entries(stores)) {
  describe(`storage contract: ${kind}`, () => {
    for (const { name, run } of storageContract(make)) it(name, run)
  })
}

const code = (expected) => (error) => {
  assert.ok(error instanceof RejoinError, String(error))
  assert.equal(error.code, expected)
  return true
}

/** Opens the database behind the storage's back. */
function raw(name, version) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains('log')) request.result.createObjectStore('log')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function tamper(name, change) {
  const db = await raw(name, 1)
  const tx = db.transaction('log', 'readwrite')
  change(tx.objectStore('log'))
  await new Promise((resolve) => (tx.oncomplete = resolve))
  db.close()
}

/** Runs `body` while a global is something else. */
async function withGlobal(name, value, body) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  try {
    await body()
  } finally {
    if (before) Object.defineProperty(globalThis, name, before)
    else delete globalThis[name]
  }
}

describe('indexeddb storage', () => {
  it('asks for strict durability', async () => {
    const seen = []
    const original = IDBDatabase.prototype.transaction
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      seen.push([mode, options?.durability])
      return original.call(this, stores, mode, options)
    }
    try {
      await indexedDbStorage('strict').write('a', { checkpoint: 1, entries: [] })
    } finally {
      IDBDatabase.prototype.transaction = original
    }
    assert.deepEqual(seen.filter(([mode]) => mode !== 'versionchange'), [['readwrite', 'strict']])
  })

  it('storage-newer: a database of a newer version is left alone', async () => {
    ;(await raw('newer', 2)).close()
    await assert.rejects(indexedDbStorage('newer').load('a'), code('storage-newer'))
    await assert.rejects(indexedDbStorage('newer').write('a', { checkpoint: 1, entries: [] }), code('storage-newer'))
  })

  it('storage-newer: a newer record; the other documents are served', async () => {
    const storage = indexedDbStorage('newer-record')
    await storage.write('a', { checkpoint: 1, entries: [] })
    await storage.write('b', { checkpoint: 1, entries: [] })
    await tamper('newer-record', (log) => log.put({ format: 2, checkpoint: 1, entries: [] }, ['a', 1]))
    await assert.rejects(storage.load('a'), code('storage-newer'))
    assert.deepEqual(await storage.load('b'), { checkpoint: 1, entries: [] })
  })

  for (const [what, change] of Object.entries({
    'no entries': (log) => log.put({ format: 1, checkpoint: 1 }, ['a', 1]),
    'no format': (log) => log.put({ checkpoint: 1, entries: [] }, ['a', 1]),
    'not a record': (log) => log.put(7, ['a', 1]),
    'no checkpoint': (log) => log.delete(['a', 1]),
  })) {
    it(`storage-corrupt: ${what}; nothing is deleted, the other documents are served`, async () => {
      const name = `corrupt-${what}`
      const storage = indexedDbStorage(name)
      await storage.write('a', { checkpoint: 1, entries: [] })
      await storage.write('a', { entries: [2] })
      await storage.write('b', { checkpoint: 1, entries: [] })
      await tamper(name, change)
      await assert.rejects(storage.load('a'), code('storage-corrupt'))
      assert.deepEqual(await storage.load('b'), { checkpoint: 1, entries: [] })
      assert.deepEqual((await storage.list()).sort(), ['a', 'b'])
    })
  }

  it('storage-corrupt: a database of something else', async () => {
    const db = await new Promise((resolve) => {
      const request = indexedDB.open('foreign', 1)
      request.onupgradeneeded = () => request.result.createObjectStore('other')
      request.onsuccess = () => resolve(request.result)
    })
    db.close()
    await assert.rejects(indexedDbStorage('foreign').load('a'), code('storage-corrupt'))
  })

  it('storage-refused: no IndexedDB, or one that throws; works once it is there', async () => {
    const storage = indexedDbStorage('refused')
    await withGlobal('indexedDB', undefined, () => assert.rejects(storage.load('a'), code('storage-refused')))
    const denied = {
      open() {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      },
    }
    await withGlobal('indexedDB', denied, () => assert.rejects(storage.load('a'), code('storage-refused')))
    assert.equal(await storage.load('a'), undefined)
  })

  it('storage-full: the disk is full at commit; what was stored stays', async () => {
    const storage = indexedDbStorage('full')
    await storage.write('a', { checkpoint: 1, entries: [] })
    const original = IDBObjectStore.prototype.add
    IDBObjectStore.prototype.add = function () {
      throw new DOMException('no space', 'QuotaExceededError')
    }
    try {
      await assert.rejects(storage.write('a', { entries: [2] }), code('storage-full'))
      await assert.rejects(storage.write('a', { checkpoint: 2, entries: [2] }), code('storage-full'))
    } finally {
      IDBObjectStore.prototype.add = original
    }
    assert.deepEqual(await storage.load('a'), { checkpoint: 1, entries: [] })
    await storage.write('a', { entries: [2] })
    assert.deepEqual(await storage.load('a'), { checkpoint: 1, entries: [2] })
  })

  it('storage-conflict: another handle wrote since this one loaded; nothing is overwritten', async () => {
    const [one, two] = [indexedDbStorage('conflict'), indexedDbStorage('conflict')]
    await one.write('a', { checkpoint: 1, entries: [] })
    await two.load('a')
    await one.write('a', { entries: [2] })
    await assert.rejects(two.write('a', { entries: [3] }), code('storage-conflict'))
    await assert.rejects(two.write('a', { checkpoint: 9, entries: [] }), code('storage-conflict'))
    assert.deepEqual(await two.load('a'), { checkpoint: 1, entries: [2] })
    await two.write('a', { entries: [3] })
    assert.deepEqual((await one.load('a')).entries, [2, 3])
  })

  it('lets a newer version upgrade, and then says storage-newer', async () => {
    const storage = indexedDbStorage('upgrade')
    await storage.write('a', { checkpoint: 1, entries: [] })
    ;(await raw('upgrade', 2)).close()
    await assert.rejects(storage.load('a'), code('storage-newer'))
  })

  it('locks a document through Web Locks: storage-in-use for the second', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const held = new Map()
    const locks = {
      request(name, { signal }, run) {
        if (!held.has(name)) {
          held.set(name, true)
          return run().then(() => held.delete(name))
        }
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    }
    await withGlobal('navigator', { locks }, async () => {
      const unlock = await indexedDbStorage('locked').lock('a')
      const second = indexedDbStorage('locked').lock('a')
      t.mock.timers.tick(3000)
      await assert.rejects(second, code('storage-in-use'))
      unlock()
      await new Promise((resolve) => setImmediate(resolve))
      ;(await indexedDbStorage('locked').lock('a'))()
    })
  })
})
