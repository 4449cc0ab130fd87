// What typing must survive: an input method at work, and other people's edits around the caret.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from './lib/browser.mjs'
import { complete, openDemo, together } from './lib/demo.mjs'
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

/** A second browser on the same document, so that one can type while the other composes. */
async function twoPeople() {
  const mine = await openDemo(browser, server.url)
  await mine.a.type('base text')
  await together(mine)
  const other = await openDemo(browser, mine.page.url())
  await together(other)
  return { mine, other }
}

test('a composition survives an edit from elsewhere, before and after it', async () => {
  const { mine, other } = await twoPeople()
  const cdp = await mine.context.newCDPSession(mine.page)
  await mine.a.caret(4)
  const compose = (text) => cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  await compose('に')
  await compose('にほ')
  await other.b.typeAt(0, '<before>')
  await other.b.typeAt(-1, '<after>')
  await mine.page.waitForFunction(() => document.querySelector('#pane-b textarea').value.includes('<after>'))
  await compose('にほん')
  assert.match(await mine.a.text(), /にほん/, 'the composition goes on in the textarea')
  await cdp.send('Input.insertText', { text: '日本' })
  await mine.page.waitForFunction(() => document.querySelector('#pane-a textarea').value.includes('<before>'))
  const text = await together(mine)
  assert.equal(text, '<before>base日本 text<after>')
  assert.equal(await together(other), text)
  assert.deepEqual([...mine.complaints, ...other.complaints], [])
  await mine.context.close()
  await other.context.close()
})

test('the selection stays on its words over remote edits', async () => {
  const { mine, other } = await twoPeople()
  await mine.a.caret(5, 9)
  await other.b.typeAt(0, '🤟 in front ')
  await other.b.typeAt(-1, ' behind')
  await mine.page.waitForFunction(() => document.querySelector('#pane-a textarea').value.endsWith('behind'))
  const selected = await mine.a.area.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))
  assert.equal(selected, 'text')
  await mine.a.type('words')
  complete(await together(mine), ['🤟 in front ', 'base words', ' behind'])
  assert.deepEqual([...mine.complaints, ...other.complaints], [])
  await mine.context.close()
  await other.context.close()
})

test('both panes type in one place at once: nothing is mixed up within a queued run', async () => {
  const demo = await openDemo(browser, server.url)
  const { page, a, b } = demo
  await page.click('#both')
  await a.type('<aaa é👩‍👩‍👧>')
  await b.type('<bbb ñ🤟>')
  await page.click('#both')
  complete(await together(demo), ['<aaa é👩‍👩‍👧>', '<bbb ñ🤟>'])
  assert.deepEqual(demo.complaints, [])
  await demo.context.close()
})
