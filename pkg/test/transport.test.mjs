import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import WebSocket, { WebSocketServer } from 'ws'
import { webSocketTransport } from '../dist/index.js'

/** What a link reports, as promises. */
function watch() {
  const log = []
  const waiting = []
  const note = (...entry) => {
    log.push(entry)
    for (const wake of waiting.splice(0)) wake()
  }
  return {
    log,
    events: { opened: () => note('opened'), received: (data) => note('received', data), closed: (reason) => note('closed', reason) },
    async until(kind) {
      while (!log.some(([name]) => name === kind)) await new Promise((resolve) => waiting.push(resolve))
      return log.find(([name]) => name === kind)
    },
  }
}

async function server() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  return { server, url: `ws://127.0.0.1:${server.address().port}` }
}

describe('webSocketTransport', () => {
  it('carries text both ways, ignores binary, and reports the end once', async () => {
    const { server: remote, url } = await server()
    const { log, events, until } = watch()
    const connected = once(remote, 'connection')
    const link = webSocketTransport({ WebSocket }).connect(url, events)
    const [socket] = await connected
    await until('opened')
    const arrived = once(socket, 'message')
    link.send('héllo 😀')
    assert.equal(String((await arrived)[0]), 'héllo 😀')
    socket.send(Buffer.from([1, 2]))
    socket.send('text')
    assert.deepEqual(await until('received'), ['received', 'text'])
    socket.close(1012, 'restart')
    assert.match((await until('closed'))[1], /restart.*1012/)
    link.send('into the void')
    link.close()
    assert.equal(log.filter(([name]) => name === 'closed').length, 1)
    remote.close()
  })

  it('reports a server that is not there, and a URL that is none, through closed', async () => {
    const { server: remote, url } = await server()
    remote.close()
    await once(remote, 'close')
    for (const bad of [url, 'not a url']) {
      const { events, until } = watch()
      webSocketTransport({ WebSocket }).connect(bad, events)
      assert.ok((await until('closed'))[1].length > 0)
    }
  })

  it('says nothing after close()', async () => {
    const { server: remote, url } = await server()
    const { log, events, until } = watch()
    const link = webSocketTransport({ WebSocket }).connect(url, events)
    await until('opened')
    link.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(log, [['opened']])
    remote.close()
  })
})
