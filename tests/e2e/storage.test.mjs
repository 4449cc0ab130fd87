// The device's storage: the package's own contract against Chromium's IndexedDB, and storage that refuses or is full.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from './lib/browser.mjs'
import { openDemo, together } from './lib/demo.mjs'
import { project, Server } from './lib/server.mjs'

let browser, server
before(async () => {
  server = await Server.start()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.kill()
})

/** A page of the server's origin that can import the package's files and its contract suite. */
async function contractPage() {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.route('**/pkg/**', async (route) => {
    const path = new URL(route.request().url()).pathname.slice(1)
    await route.fulfill({ contentType: 'text/javascript', body: await readFile(join(project, path)) })
  })
  const map = { imports: { idb: '/pkg/node_modules/idb/build/index.js' } }
  await page.route('**/contract.html', (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html><script type="importmap">${JSON.stringify(map)}</script>` }))
  await page.goto(`${server.url}contract.html`)
  return { context, page }
}

test('the storage contract holds on the real IndexedDB', async (t) => {
  const { context, page } = await contractPage()
  const load = async () => {
    const { storageContract } = await import('/pkg/test/storage-contract.mjs')
    const { indexedDbStorage } = await import('/pkg/dist/storage/indexeddb.js')
    return storageContract((name) => indexedDbStorage(name))
  }
  await page.evaluate(`window.laws = (${load})()`)
  const names = await page.evaluate(async () => (await window.laws).map((law) => law.name))
  assert.ok(names.length >= 5, `only ${names.length} laws`)
  for (const [index, name] of names.entries()) {
    await t.test(name, async () => {
      const failed = await page.evaluate(async (n) => (await window.laws)[n].run().then(() => null, (error) => String(error?.stack ?? error)), index)
      assert.equal(failed, null)
    })
  }
  await context.close()
})

test('a full device is storage-full, and what was stored stays', async () => {
  const { context, page } = await contractPage()
  const cdp = await context.newCDPSession(page)
  const run = async (step) => {
    const { indexedDbStorage } = await import('/pkg/dist/storage/indexeddb.js')
    const storage = indexedDbStorage('full')
    const noise = () => Array.from(crypto.getRandomValues(new Uint32Array(16_000)), (n) => n.toString(36)).join('')
    try {
      if (step === 'first') await storage.write('a', { checkpoint: { n: 1 }, entries: [1] })
      if (step === 'fill') for (let n = 0; n < 60; n++) await storage.write('a', { entries: [noise() + noise() + noise()] })
      if (step === 'read') return JSON.stringify((await storage.load('a')).entries[0])
      return 'stored'
    } catch (error) {
      return error.code
    } finally {
      await storage.close()
    }
  }
  // Before the first write: Chromium remembers for a while how much room there is.
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: new URL(server.url).origin, quotaSize: 3_000_000 })
  assert.equal(await page.evaluate(run, 'first'), 'stored')
  assert.equal(await page.evaluate(run, 'fill'), 'storage-full')
  assert.equal(await page.evaluate(run, 'read'), '1')
  await context.close()
})

test('refused storage: the page says so, says what to do, and still syncs', async () => {
  const refuse = (page) => page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('refused for this test', 'SecurityError')
    }
  })
  const demo = await openDemo(browser, server.url, { before: refuse })
  const { page, a } = demo
  const notice = a.root.locator('.notice')
  await notice.waitFor()
  assert.match(await notice.textContent(), /refused to store.*do not close the tab/s)
  await a.type('still typing')
  assert.equal(await together(demo), 'still typing')
  assert.equal(await a.stat('saved'), 'not saved')
  await page.getByRole('button', { name: 'Try again' }).first().waitFor()
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})
