// What every storage must do. Names no test runner and no platform: run it over yours, in Node or a page.
//
//   for (const { name, run } of storageContract(make)) test(name, run)
//
// `make(name)` gives a fresh handle on the storage called `name`: two handles of one name share what is
// stored, as two page loads do, and nothing is stored under a name that was not used before.

/** @typedef {import('../dist/storage/port.js').Storage} Storage */

let used = 0

/** @param {(name: string) => Storage | Promise<Storage>} make */
export function storageContract(make) {
  const fresh = () => `contract-${Date.now()}-${used++}`
  const checkpoint = (n) => ({ format: 1, n, value: 'a😀\u0000\n' })
  /** @type {{name: string, run: () => Promise<void>}[]} */
  const cases = []
  const law = (name, body) =>
    cases.push({
      name,
      run: async () => {
        const own = fresh()
        const storage = await make(own)
        try {
          await body(storage, own)
        } finally {
          await storage.close()
        }
      },
    })

  law('a document that was never written loads as undefined', async (s) => {
    equal(await s.load('a'), undefined)
    equal(await s.list(), [])
  })

  law('a checkpoint and the entries after it load in order', async (s) => {
    await s.write('a', { checkpoint: checkpoint(1), entries: [] })
    await s.write('a', { entries: [{ type: 'edit', op: null }, 2] })
    await s.write('a', { entries: ['three'] })
    equal(await s.load('a'), { checkpoint: checkpoint(1), entries: [{ type: 'edit', op: null }, 2, 'three'] })
  })

  law('a checkpoint replaces all before it, and its own entries follow it', async (s) => {
    await s.write('a', { checkpoint: checkpoint(1), entries: [1] })
    await s.write('a', { entries: [2] })
    await s.write('a', { checkpoint: checkpoint(2), entries: [3] })
    await s.write('a', { entries: [4] })
    equal(await s.load('a'), { checkpoint: checkpoint(2), entries: [3, 4] })
  })

  law('what is written is there for the next handle', async (s, name) => {
    if (!s.durable) return
    await s.write('a', { checkpoint: checkpoint(1), entries: [1] })
    await s.close()
    const next = await make(name)
    equal(await next.load('a'), { checkpoint: checkpoint(1), entries: [1] })
    await next.write('a', { entries: [2] })
    equal((await next.load('a'))?.entries, [1, 2])
    await next.close()
  })

  law('documents do not touch each other, whatever their names', async (s) => {
    const names = ['a', 'a/b', 'a\u0000', 'ä', '😀', 'A', '1', ' ']
    for (const doc of names) await s.write(doc, { checkpoint: doc, entries: [doc] })
    await s.write('a', { entries: ['more'] })
    equal((await s.list()).sort(), [...names].sort())
    for (const doc of names) equal(await s.load(doc), { checkpoint: doc, entries: doc === 'a' ? ['a', 'more'] : [doc] })
  })

  law('a removed document is gone, the others stay, and it can be made anew', async (s) => {
    await s.write('a', { checkpoint: 1, entries: [1] })
    await s.write('b', { checkpoint: 2, entries: [] })
    await s.remove('a')
    await s.remove('never there')
    equal(await s.load('a'), undefined)
    equal(await s.list(), ['b'])
    await s.write('a', { checkpoint: 3, entries: [] })
    equal(await s.load('a'), { checkpoint: 3, entries: [] })
  })

  law('entries without a checkpoint before them are refused, and nothing is stored', async (s) => {
    equal(await codeOf(s.write('a', { entries: [1] })), 'storage-conflict')
    equal(await s.load('a'), undefined)
    await s.write('b', { checkpoint: 1, entries: [] })
    equal((await s.load('b'))?.checkpoint, 1)
  })

  law('a write of many entries is whole', async (s) => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({ i, text: 'x'.repeat(i % 100) }))
    await s.write('a', { checkpoint: 0, entries: [] })
    await s.write('a', { entries })
    equal(await s.load('a'), { checkpoint: 0, entries })
  })

  law('writes of different documents at the same time all arrive', async (s) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => s.write(`d${i}`, { checkpoint: i, entries: [i] })))
    await Promise.all(Array.from({ length: 20 }, (_, i) => s.write(`d${i}`, { entries: [-i] })))
    for (let i = 0; i < 20; i++) equal(await s.load(`d${i}`), { checkpoint: i, entries: [i, -i] })
  })

  law('what was loaded does not change with later writes', async (s) => {
    await s.write('a', { checkpoint: 1, entries: [1] })
    const loaded = await s.load('a')
    await s.write('a', { entries: [2] })
    equal(loaded, { checkpoint: 1, entries: [1] })
  })

  law('a closed storage opens again when it is used', async (s) => {
    await s.write('a', { checkpoint: 1, entries: [] })
    await s.close()
    await s.write('a', { entries: [2] })
    equal(await s.load('a'), { checkpoint: 1, entries: [2] })
  })

  return cases
}

async function codeOf(promise) {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error.code
  }
}

function equal(actual, expected) {
  const [a, b] = [stable(actual), stable(expected)]
  if (a !== b) throw new Error(`expected ${b.slice(0, 500)}, got ${a.slice(0, 500)}`)
}

/** JSON with sorted keys. */
function stable(value) {
  return String(
    JSON.stringify(value, (_, v) =>
      v !== null && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v,
    ),
  )
}
