// The binding of docs/editors.md, as it is written there, on the real CodeMirror and the real server.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from './lib/browser.mjs'
import { project, Server } from './lib/server.mjs'

let browser, server, files
before(async () => {
  server = await Server.start()
  browser = await launch()
  // Files of the project. Served, not made up by the browser: such a page may not open local sockets.
  files = createServer(serve).listen(0, '127.0.0.1')
})
after(async () => {
  await browser?.close()
  await server?.kill()
  files?.close()
})

const MODULES = {
  '@codemirror/commands': 'dist/index.js',
  '@codemirror/language': 'dist/index.js',
  '@codemirror/state': 'dist/index.js',
  '@codemirror/streamparser': 'dist/index.js',
  '@codemirror/view': 'dist/index.js',
  '@lezer/common': 'dist/index.js',
  '@lezer/highlight': 'dist/index.js',
  '@marijn/find-cluster-break': 'src/index.js',
  crelt: 'index.js',
  'style-mod': 'src/style-mod.js',
  'w3c-keyname': 'index.js',
}

/** The first block under the comment that names this file. */
async function example() {
  const guide = await readFile(join(project, 'docs/editors.md'), 'utf8')
  const [, block] = /<!-- the test tests\/e2e\/editors\.test\.mjs runs this example -->\n```js\n(.*?)```/s.exec(guide) ?? []
  assert.ok(block, 'docs/editors.md has no example to run')
  return block
}

const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm' }

async function serve(request, response) {
  const imports = { rejoin: '/pkg/dist/index.js', idb: '/pkg/node_modules/idb/build/index.js', example: '/example.js' }
  for (const [name, path] of Object.entries(MODULES)) imports[name] = `/tests/e2e/node_modules/${name}/${path}`
  const made = {
    '/': () => `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script><div id="a"></div><div id="b"></div>`,
    '/example.js': example,
  }
  try {
    const body = await (made[request.url]?.() ?? readFile(join(project, request.url)))
    response.setHeader('content-type', TYPES[extname(request.url)] ?? 'text/html').end(body)
  } catch (error) {
    response.writeHead(404).end(String(error))
  }
}

/** A page with one editor for each of two clients on one document. */
async function openEditors(create) {
  const page = await browser.newPage()
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`http://127.0.0.1:${files.address().port}/`)
  await page.evaluate(async ({ url, create }) => {
    const { Client, init, memoryStorage } = await import('rejoin')
    const { EditorView, keymap } = await import('@codemirror/view')
    const { history, historyKeymap } = await import('@codemirror/commands')
    const { rejoinText } = await import('example')
    await init()
    const id = `editors/${crypto.randomUUID()}`
    for (const name of ['a', 'b']) {
      const client = new Client({ url, storage: memoryStorage() })
      const doc = await client.open(id, { create })
      await doc.whenSynced()
      const text = doc.text()
      const extensions = [history(), keymap.of(historyKeymap), rejoinText(text)]
      const view = new EditorView({ doc: text.toString(), extensions, parent: document.getElementById(name) })
      window[name] = { client, doc, text, view, shown: () => view.state.doc.toString() }
    }
    window.together = async () => {
      for (const { client } of [a, b]) client.connect()
      for (let tries = 0; tries < 200; tries++) {
        await Promise.all([a.doc.whenSynced(), b.doc.whenSynced()])
        if (a.doc.value === b.doc.value) break
        await new Promise((wake) => setTimeout(wake, 20))
      }
      return [a.doc.value, a.shown(), b.doc.value, b.shown()]
    }
  }, { url: `${server.url.replace('http', 'ws')}sync`, create })
  return { page, complaints }
}

/** What all four show, being the same. */
async function agreed(page) {
  const [text, ...others] = await page.evaluate(() => together())
  assert.deepEqual(others, [text, text, text])
  return text
}

test('typing in both editors, offline too; undo goes back over own edits only', async () => {
  const { page, complaints } = await openEditors('one two\n')
  const type = async (name, at, words) => {
    await page.evaluate(([who, where]) => {
      const { view } = window[who]
      view.focus()
      view.dispatch({ selection: { anchor: where < 0 ? view.state.doc.length : where } })
    }, [name, at])
    await page.keyboard.type(words)
  }
  await type('a', 3, ' 👩‍👩‍👧')
  await agreed(page)
  await page.evaluate(() => (a.client.disconnect(), b.client.disconnect()))
  await type('a', 0, 'A: ')
  await type('b', -1, 'from b 🤟')
  await page.evaluate(() => b.view.dispatch({ changes: [{ from: 0, to: 3, insert: 'ONE' }, { from: 4, insert: '<' }] }))
  assert.notEqual(...(await page.evaluate(() => [a.doc.value, b.doc.value])))
  assert.equal(await agreed(page), 'A: ONE <👩‍👩‍👧 two\nfrom b 🤟')
  await type('a', 3, '!')
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  const undone = await agreed(page)
  assert.ok(undone.includes('from b 🤟') && undone.includes('ONE') && !undone.includes('!') && !undone.includes('A: '), undone)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('CR LF, edits by others in answer, and an editor that is gone', async () => {
  const { page, complaints } = await openEditors('x\r\ny\rz')
  await page.evaluate(() => {
    // Somebody on the page who mends what is typed.
    a.doc.on('change', ({ origin }) => {
      const at = a.doc.value.indexOf('teh')
      if (origin === 'local' && at !== -1) a.text.replace(at, 3, 'the')
    })
    a.view.dispatch({ changes: { from: 6, insert: ' teh' } })
    b.text.insert(0, 'by code ')
    b.view.dispatch({ changes: { from: 8, insert: '\r\n' } })
  })
  const text = await agreed(page)
  assert.deepEqual([...text.matchAll(/\r\n?/g)].length, 3, JSON.stringify(text))
  assert.ok(text.startsWith('by code \r\nx\r\ny\r') && text.includes('the'), JSON.stringify(text))
  const [shown, value] = await page.evaluate(async () => {
    const before = a.shown()
    a.view.destroy()
    a.text.insert(0, 'after ')
    return [a.shown() === before, a.doc.value]
  })
  assert.ok(shown && value.startsWith('after '))
  assert.deepEqual(complaints, [])
  await page.close()
})
