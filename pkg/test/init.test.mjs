// Loading, each way in a process of its own: the engine is loaded once a process.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

const dist = new URL('../dist/', import.meta.url).href
const wasm = new URL('../generated/rejoin_bg.wasm', import.meta.url).href

/** Runs a module; gives what it printed. */
async function run(code) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
  return stdout.trim()
}

const use = `
  const client = new Client({ storage: memoryStorage() })
  const doc = await client.open('d', { create: 'wo😀ks' })
  doc.text().replace(2, 2, 'r')
  console.log(doc.value)
  await client.close()`

describe('init', () => {
  it('reads the wasm beside it in Node; concurrent and later calls share the first', async () => {
    const out = await run(`
      import { init, Client, memoryStorage } from '${dist}index.js'
      const first = init()
      if (init() !== first) throw new Error('a second load')
      await Promise.all([first, init()])
      await init()
      ${use}`)
    assert.equal(out, 'works')
  })

  it('initSync takes bytes or a module', async () => {
    for (const source of ['bytes', 'new WebAssembly.Module(bytes)']) {
      const out = await run(`
        import { readFileSync } from 'node:fs'
        import { initSync, Client, memoryStorage } from '${dist}index.js'
        const bytes = readFileSync(new URL('${wasm}'))
        initSync(${source})
        initSync(${source})
        ${use}`)
      assert.equal(out, 'works')
    }
  })

  it('rejoin/inline needs no file; rejoin/types shares the engine', async () => {
    for (const load of ['await init()', 'initSync()']) {
      const out = await run(`
        import { init, initSync, Client, memoryStorage } from '${dist}inline.js'
        import { text } from '${dist}types.js'
        ${load}
        text.checkOp([1, 'x'])
        ${use}`)
      assert.equal(out, 'works')
    }
  })

  it('importing does nothing, and using it before init is not-initialised', async () => {
    const out = await run(`
      import { Client, memoryStorage } from '${dist}index.js'
      import { text } from '${dist}types.js'
      try { text.apply('', []) } catch (error) { console.log(error.code) }
      const client = new Client({ storage: memoryStorage() })
      await client.open('d').catch((error) => console.log(error.code))`)
    assert.equal(out, 'not-initialised\nnot-initialised')
  })

  it('init-failed, and the next call tries again', async () => {
    const out = await run(`
      import { init, initSync, Client, memoryStorage } from '${dist}index.js'
      await init(new Uint8Array([1, 2, 3])).catch((error) => console.log(error.code))
      try { initSync(new Uint8Array([1])) } catch (error) { console.log(error.code) }
      await init()
      ${use}`)
    assert.equal(out, 'init-failed\ninit-failed\nworks')
  })

  it('a module that a bundler left behind: the error names the place and the ways out', async () => {
    const out = await run(`
      import { mkdtempSync, cpSync, rmSync } from 'node:fs'
      import { join } from 'node:path'
      import { tmpdir } from 'node:os'
      import { pathToFileURL } from 'node:url'
      const dir = mkdtempSync(join(tmpdir(), 'rejoin-init-'))
      cpSync(new URL('${new URL('../', import.meta.url)}'), dir, { recursive: true, filter: (path) => !/\\.wasm$|node_modules.(?!idb).|node_modules.idb-/.test(path) })
      const { init } = await import(pathToFileURL(join(dir, 'dist/index.js')))
      await init().catch((error) => console.log(error.code, error.details.url.endsWith('generated/rejoin_bg.wasm'), error.message.includes('rejoin/inline')))
      rmSync(dir, { recursive: true })`)
    assert.equal(out, 'init-failed true true')
  })

  it('no export returns a bare object, which would crash Node 20 (see take_effects in src/wasm/replica.rs)', () => {
    const types = readFileSync(new URL('../generated/rejoin_bg.wasm.d.ts', import.meta.url), 'utf8')
    const bare = types.split('\n').filter((line) => /=> any;$/.test(line))
    assert.ok(types.includes('replica_takeEffects'))
    assert.deepEqual(bare, [])
  })

  it('no-websocket: a typed error that says what to do', async () => {
    const out = await run(`
      import { init, Client } from '${dist}index.js'
      delete globalThis.WebSocket
      try { new Client({ url: 'ws://localhost:1' }) } catch (error) { console.log(error.code, error.message.includes("'ws'")) }`)
    assert.equal(out, 'no-websocket true')
  })
})
