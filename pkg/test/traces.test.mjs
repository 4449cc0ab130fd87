// Recorded sessions of real people, replayed through the public API, end in exactly the recorded text.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Client, init, memoryStorage } from '../dist/index.js'
import { below, seeded, someOffset, someText } from './support/random.mjs'

const TRACES = new URL('../../../shared/traces/', import.meta.url)

/** A patch: [offset, deleted, inserted], counted in UTF-16 code units. */
async function replay(start, patches) {
  const client = new Client({ storage: memoryStorage() })
  const doc = await client.open('trace', { create: start })
  const text = doc.text()
  for (const [at, deleted, inserted] of patches) text.replace(at, deleted, inserted)
  await doc.saved()
  const end = text.toString()
  assert.equal(text.length, end.length)
  assert.equal(doc.status.edits, patches.filter(([, deleted, inserted]) => deleted > 0 || inserted !== '').length)
  await client.close()
  return end
}

/** The patches of a trace, whose positions count code points, in UTF-16 code units. */
function patchesOf({ startContent, txns }) {
  const patches = txns.flatMap((txn) => txn.patches)
  const plain = (text) => !/[\ud800-\udfff]/.test(text)
  // Without a character outside the BMP, the two counts are one.
  if (plain(startContent) && patches.every(([, , inserted]) => plain(inserted))) return patches
  let now = startContent
  return patches.map(([at, deleted, inserted]) => {
    const from = offsetOf(now, 0, at)
    const to = offsetOf(now, from, deleted)
    now = now.slice(0, from) + inserted + now.slice(to)
    return [from, to - from, inserted]
  })
}

function offsetOf(text, from, codePoints) {
  for (; codePoints > 0; codePoints--) from += text.codePointAt(from) > 0xffff ? 2 : 1
  return from
}

describe('recorded sessions', () => {
  before(() => init())

  for (const name of ['automerge-paper', 'rustcode']) {
    const file = new URL(`${name}.json.gz`, TRACES)
    const skip = existsSync(file) ? false : `${file.pathname} is not there: only the generated session is replayed`
    it(`${name} ends in the recorded text`, { skip }, async () => {
      const trace = JSON.parse(gunzipSync(readFileSync(file)))
      assert.equal(await replay(trace.startContent, patchesOf(trace)), trace.endContent)
    })
  }

  it('a generated session with characters of every width ends in the text that plain strings give', async () => {
    const random = seeded(1)
    const start = someText(random, 40)
    let now = start
    const patches = []
    for (let i = 0; i < 5000; i++) {
      const from = someOffset(random, now)
      const removed = below(random, 3) === 0 ? [...now.slice(from, from + 20)].slice(0, below(random, 5)).join('') : ''
      const deleted = removed.isWellFormed() ? removed.length : 0
      const inserted = someText(random, 3)
      now = now.slice(0, from) + inserted + now.slice(from + deleted)
      patches.push([from, deleted, inserted])
    }
    // And as the traces give them, in code points.
    let as = start
    const txns = patches.map(([at, deleted, inserted]) => {
      const patch = [[...as.slice(0, at)].length, [...as.slice(at, at + deleted)].length, inserted]
      as = as.slice(0, at) + inserted + as.slice(at + deleted)
      return { patches: [patch] }
    })
    assert.deepEqual(patchesOf({ startContent: start, txns }), patches)
    assert.equal(await replay(start, patches), now)
  })
})
