// The main job, as a person does it: apart, typing, reloading, together again.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from './lib/browser.mjs'
import { complete, openDemo, opened, screenshots, together } from './lib/demo.mjs'
import { Server } from './lib/server.mjs'

let browser, server
before(async () => {
  server = await Server.start()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.kill()
})

test('both offline, type in both, reload one, rejoin: equal and complete', async () => {
  const demo = await openDemo(browser, server.url)
  const { page, a, b } = demo
  await a.type('start\n')
  await together(demo)
  await page.getByRole('button', { name: 'Take both offline' }).click()
  await a.link('offline')
  await b.link('offline')

  const tokens = ['<a1 👩‍👩‍👧>', '<a2 e\u0301o\u0308>', '<b1 🤟>', '<b2 नमस्ते>', '<a3 after the reload>']
  await a.typeAt(0, tokens[0])
  await a.typeAt(-1, tokens[1])
  await b.typeAt(0, tokens[2])
  await b.typeAt(-1, tokens[3])
  assert.notEqual(await a.text(), await b.text())
  await a.saved()
  await page.screenshot({ path: join(screenshots, 'apart.png'), fullPage: true })

  const before = await a.text()
  await a.root.getByRole('button', { name: /^Reload this pane/ }).click()
  await opened(page)
  assert.equal(await a.text(), before)
  assert.equal(await a.root.getAttribute('data-link'), 'offline', 'a reloaded pane stays offline')
  assert.match(await a.root.locator('.line-of-edits').textContent(), /waiting/)
  await a.typeAt(-1, tokens[4])

  // The chips are moved to where their text really is.
  await b.online(true)
  await a.online(true)
  const text = await together(demo)
  complete(text, tokens)
  complete(text, ['start'])
  const moved = await a.root.locator('.chip.mine').evaluateAll((chips) => chips.filter((chip) => chip.querySelector('s')).map((chip) => [chip.title, Number(chip.querySelector('b').textContent)]))
  assert.ok(moved.length > 0, 'the queue of the pane that came second was moved')
  for (const [title, at] of moved) {
    const inserted = title.slice(1, -1)
    assert.equal(text.slice(at, at + inserted.length).replaceAll('\n', '⏎'), inserted)
  }
  assert.match(await a.root.locator('.journal-lines').textContent(), /Moved .* waiting edit/)
  await page.locator('#live', { hasText: /Laptop rejoined, \d+ edits? sent/ }).waitFor()
  assert.equal(await page.locator('#guide .done').count(), 4)
  await page.screenshot({ path: join(screenshots, 'rejoined.png'), fullPage: true })
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})

test('a real page reload restores both panes, their queues, and which was offline', async () => {
  const demo = await openDemo(browser, server.url)
  const { page, a, b } = demo
  await a.type('one ')
  await together(demo)
  await a.online(false)
  await a.typeAt(-1, '<kept 🤟>')
  await b.typeAt(0, '<live>')
  await a.saved()
  // What is typed in the last moment before a page goes is only safe once it is saved.
  await b.saved()
  await page.reload()
  await opened(page)
  assert.equal(await a.root.getAttribute('data-link'), 'offline')
  assert.match(await a.text(), /<kept 🤟>/)
  await b.link('live')
  assert.equal(await a.stat('pending'), '1')
  await a.online(true)
  complete(await together(demo), ['one', '<kept 🤟>', '<live>'])
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})

test('a second browser, and a second tab of the first, join by the link', async () => {
  const first = await openDemo(browser, server.url)
  await first.a.type('<first>')
  await together(first)
  const link = first.page.url()
  const second = await openDemo(browser, link)
  await second.b.typeAt(-1, '<second>')
  complete(await together(second), ['<first>', '<second>'])
  const tab = await first.context.newPage()
  await tab.goto(link)
  await opened(tab)
  await tab.locator('#pane-a textarea').focus()
  await tab.keyboard.type('<tab>')
  await first.page.waitForFunction(() => ['#pane-a', '#pane-b'].every((pane) => document.querySelector(`${pane} textarea`).value.includes('<tab>')))
  complete(await together(first), ['<first>', '<second>', '<tab>'])
  assert.deepEqual([...first.complaints, ...second.complaints], [])
  await first.context.close()
  await second.context.close()
})

test('the bundled session replays into both panes, also while one is offline', async () => {
  const demo = await openDemo(browser, server.url)
  const { page, b } = demo
  await page.selectOption('#speed', '20')
  await page.locator('#play').click()
  await page.locator('#play', { hasText: 'Pause' }).waitFor()
  await b.online(false)
  await page.locator('#replay-state', { hasText: 'keystrokes replayed' }).waitFor({ timeout: 30_000 })
  await b.online(true)
  const text = await together(demo)
  complete(text, ['Weekend in Porto', 'Sunday', 'Shared costs', '👩‍👩‍👧'])
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})

test('the recorded session that comes with the page replays to exactly its text', async () => {
  const demo = await openDemo(browser, server.url)
  const { page } = demo
  await page.selectOption('#session', 'recorded')
  await page.selectOption('#speed', '0')
  await page.locator('#play').click()
  await page.locator('#replay-state', { hasText: 'Both panes end exactly as recorded' }).waitFor({ timeout: 60_000 })
  complete(await together(demo), ['# Architecture', '## Invariants'])
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})

test('a trace from a file replays to exactly the recorded text', async () => {
  const demo = await openDemo(browser, server.url)
  const { page } = demo
  const txns = []
  let end = ''
  for (let n = 0; n < 400; n++) {
    const at = (n * 7) % (Array.from(end).length + 1)
    const insert = n % 9 === 0 ? '🤟' : String.fromCharCode(97 + (n % 26))
    const scalars = Array.from(end)
    const deleted = n % 5 === 0 && at < scalars.length ? 1 : 0
    scalars.splice(at, deleted, insert)
    end = scalars.join('')
    txns.push({ time: '2026-01-01T00:00:00Z', patches: [[at, deleted, insert]] })
  }
  const { gzipSync } = await import('node:zlib')
  const buffer = gzipSync(JSON.stringify({ startContent: '', endContent: end, txns }))
  await page.setInputFiles('#trace', { name: 'made.json.gz', mimeType: 'application/gzip', buffer })
  await page.evaluate(() => (document.querySelector('#session').value = 'file'))
  await page.selectOption('#speed', '0')
  await page.locator('#replay-state', { hasText: '400 edits, ready' }).waitFor()
  await page.locator('#play').click()
  await page.locator('#replay-state', { hasText: 'Both panes end exactly as recorded' }).waitFor({ timeout: 30_000 })
  assert.equal(await together(demo), end)
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})

test('the server dies and comes back while people type', async () => {
  const data = await mkdtemp(join(tmpdir(), 'rejoin-e2e-'))
  const own = await Server.start({ data })
  try {
    const demo = await openDemo(browser, own.url)
    const { page, a, b } = demo
    await a.type('<before>')
    await together(demo)
    const typing = a.typeAt(-1, '<while it dies, a longer stretch of typing>')
    await page.waitForTimeout(60)
    await own.kill()
    await typing
    await b.typeAt(0, '<apart>')
    await page.locator('#notices', { hasText: 'does not answer' }).waitFor()
    await page.screenshot({ path: join(screenshots, 'server-down.png'), fullPage: true })
    await own.up()
    await page.getByRole('button', { name: 'Try now' }).click()
    complete(await together(demo), ['<before>', '<while it dies, a longer stretch of typing>', '<apart>'])
    await page.locator('#notices .notice').waitFor({ state: 'detached' })
    // The browser itself tells of connections that failed; nothing else may complain.
    assert.deepEqual(demo.complaints.filter((line) => !/WebSocket|ERR_CONNECTION_REFUSED|connection/i.test(line)), [])
    await demo.context.close()
  } finally {
    await own.kill()
    await rm(data, { recursive: true, force: true })
  }
})
