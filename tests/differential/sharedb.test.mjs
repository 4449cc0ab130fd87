// Another OT tool drives the text type, as the package's README says: ShareDB, with three clients of its own.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import ShareDB from 'sharedb'
import { init, text } from '../../pkg/dist/types.js'

await init()

/** A call that ends with a callback, as ShareDB's all do. */
const call = (target, method, ...args) =>
  new Promise((resolve, reject) => target[method](...args, (error) => (error ? reject(error) : resolve())))

function documents(count) {
  const backend = new ShareDB({ presence: true, doNotForwardSendPresenceErrorsToClient: true })
  return Array.from({ length: count }, () => backend.connect().get('notes', 'today'))
}

const settled = (docs) => Promise.all(docs.map((doc) => new Promise((resolve) => doc.whenNothingPending(resolve))))

test('the lines of the README', async () => {
  const readme = readFileSync(new URL('../../pkg/README.md', import.meta.url), 'utf8')
  const [, code] = /## With ShareDB\n\n```js\n(.*?)```/s.exec(readme) ?? []
  assert.ok(code, 'pkg/README.md has no ShareDB example')
  const [doc] = documents(1)
  const body = code.replaceAll(/^import .*\n/gm, '')
  await new Function('ShareDB', 'init', 'text', 'doc', `return (async () => { ${body} })()`)(ShareDB, init, text, doc)
  await settled([doc])
  assert.equal(doc.data, 'hello world')
})

test('three clients edit at once, paused and not, and converge', async () => {
  ShareDB.types.register(text)
  const docs = documents(3)
  await call(docs[0], 'create', 'start 😀', text.uri)
  await Promise.all(docs.map((doc) => call(doc, 'subscribe')))
  let state = 5
  const below = (n) => (state = (state * 48271) % 2147483647) % n
  const marks = []
  for (let round = 0; round < 200; round++) {
    const doc = docs[below(3)]
    const mark = `<${round}é🤟>`
    marks.push(mark)
    // Between whole marks, so that each can be found again.
    const after = doc.data.lastIndexOf('>') + 1 || doc.data.length
    doc.submitOp([[...doc.data.slice(0, after)].length, mark])
    // What the document began with goes, one character at a time, and by several at once.
    if (below(4) === 0 && !doc.data.startsWith('<')) doc.submitOp([{ d: 1 }])
    if (below(5) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    if (below(20) === 0) (doc.paused ? doc.resume() : doc.pause())
  }
  for (const doc of docs) doc.resume()
  await settled(docs)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const [value, ...others] = docs.map((doc) => doc.data)
  assert.deepEqual(others, [value, value])
  assert.ok(value.startsWith('<'), value)
  for (const mark of marks) assert.equal(value.split(mark).length, 2, mark)
})
