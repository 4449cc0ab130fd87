// The entry point that carries the wasm, in a process where nothing else has loaded it.
import assert from 'node:assert/strict'
import { Client, init, memoryStorage } from 'rejoin/inline'

await init()
const client = new Client({ storage: memoryStorage() })
const doc = await client.open('notes', { create: 'inside' })
assert.equal(doc.value, 'inside')
await client.close()
