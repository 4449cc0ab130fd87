// The text type alone, loaded from bytes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { initSync, text } from 'rejoin/types'

assert.throws(() => text.apply('', []), { code: 'not-initialised' })
initSync(readFileSync(fileURLToPath(import.meta.resolve('rejoin/rejoin_bg.wasm'))))
assert.equal(text.apply('a😀', [2, 'b']), 'a😀b')
