// README.md's examples, as they are written there. The one for ShareDB runs in tests/differential.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { FakeServer } from './support/server.mjs'
import { FakeTextarea } from './support/textarea.mjs'

it('the examples of README.md run', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code).filter((code) => !code.includes('sharedb'))
  assert.equal(blocks.length, 3)
  const server = new FakeServer()
  class WebSocket {
    constructor(url) {
      const link = server.transport().connect(url, {
        opened: () => this.onopen(),
        received: (data) => this.onmessage({ data }),
        closed: (reason) => this.onclose({ reason }),
      })
      this.send = link.send
      this.close = link.close
    }
  }
  const element = new FakeTextarea()
  const said = t.mock.method(console, 'log', () => {})
  const before = globalThis.WebSocket
  Object.assign(globalThis, { WebSocket, document: { querySelector: () => element } })
  try {
    const code = blocks.join('').replace("'rejoin'", JSON.stringify(new URL('../dist/index.js', import.meta.url).href))
    await import(`data:text/javascript,${encodeURIComponent(code)}`)
  } finally {
    delete globalThis.document
    globalThis.WebSocket = before
  }
  assert.equal(server.doc('notes/today').value, 'Oat milk, eggs\n', 'close() and the pause before it have sent it')
  assert.deepEqual(server.doc('board').value, {
    cards: [{ title: 'Plan it', notes: 'First things first', votes: 1 }],
    done: [{ title: 'Ship', notes: '', votes: 0 }],
  })
  assert.equal(element.value, 'Oat milk, eggs\n')
  assert.ok(said.mock.calls.some(({ arguments: [first] }) => first === 'Oat milk, eggs\n'))
})
