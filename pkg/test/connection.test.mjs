import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Connection, DEFAULT_TIMES } from '../dist/connection.js'
import { silentLogger } from '../dist/index.js'
import { fakeClock } from './support/clock.mjs'
import { fakeTransport } from './support/transport.mjs'

function setUp({ token = async () => undefined, random = () => 0.5 } = {}) {
  const clock = fakeClock()
  const transport = fakeTransport()
  const log = { states: [], received: [], failed: [] }
  const connection = new Connection({
    url: 'ws://x/sync',
    transport,
    clock,
    random,
    logger: silentLogger,
    token,
    changed: (state) => log.states.push(state),
    received: (message) => log.received.push(message),
    failed: (error) => log.failed.push(error.code),
  })
  const goOnline = async () => {
    transport.last.open()
    await clock.advance(0)
    transport.last.say({ type: 'welcome', protocol: 1 })
  }
  return { clock, transport, connection, log, goOnline }
}

describe('connection', () => {
  it('greets with the token, and is online after welcome', async () => {
    const { clock, transport, connection, log } = setUp({ token: async () => 'secret' })
    connection.connect()
    connection.connect()
    assert.equal(transport.links.length, 1)
    transport.last.open()
    await clock.advance(0)
    assert.deepEqual(transport.last.sent, [{ type: 'hello', protocol: 1, token: 'secret' }])
    connection.send({ type: 'open', doc: 'a' })
    assert.equal(transport.last.sent.length, 1, 'nothing is sent before welcome')
    transport.last.say({ type: 'welcome', protocol: 1 })
    connection.send({ type: 'open', doc: 'a' })
    assert.deepEqual(transport.last.sent[1], { type: 'open', doc: 'a' })
    assert.deepEqual(log.states, ['connecting', 'greeting', 'online'])
  })

  it('tries again with exponential backoff and full jitter, up to a limit', async () => {
    const { clock, transport, connection } = setUp({ random: () => 0.999999 })
    connection.connect()
    const waits = []
    for (let i = 0; i < 9; i++) {
      transport.last.cut()
      assert.equal(connection.state, 'waiting')
      waits.push(connection.retryAt - clock.now())
      await clock.advance(waits[i] - 1)
      assert.equal(transport.links.length, i + 1, 'not before its time')
      await clock.advance(1)
      assert.equal(transport.links.length, i + 2)
    }
    assert.deepEqual(waits.map((ms) => Math.round(ms / 500) * 500), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000])
  })

  it('starts the backoff over only after a connection that lasted', async () => {
    const { clock, transport, connection, goOnline } = setUp()
    connection.connect()
    for (let i = 1; i <= 3; i++) {
      await goOnline()
      transport.last.cut()
      assert.equal(connection.failures, i, 'a server that hangs up at once is not hammered')
      await clock.advance(1_000)
    }
    await goOnline()
    await clock.advance(DEFAULT_TIMES.stable)
    transport.last.cut()
    assert.equal(connection.failures, 1)
  })

  it('gives up an attempt without a welcome in time', async () => {
    const { clock, transport, connection } = setUp()
    connection.connect()
    transport.last.open()
    await clock.advance(DEFAULT_TIMES.greet)
    assert.equal(connection.state, 'waiting')
    assert.ok(transport.links[0].closed)
  })

  it('pings when it hears nothing, and drops a connection that does not answer', async () => {
    const { clock, transport, connection, goOnline } = setUp()
    connection.connect()
    await goOnline()
    const pings = () => transport.links[0].sent.filter(({ type }) => type === 'ping').length
    await clock.advance(15_000)
    transport.last.say({ type: 'committed', doc: 'a', revision: 1 })
    await clock.advance(15_000)
    assert.equal(pings(), 0, 'a message counts as life')
    await clock.advance(5_000)
    assert.equal(pings(), 1)
    transport.last.say({ type: 'pong' })
    await clock.advance(29_999)
    assert.equal(pings(), 2)
    assert.equal(connection.state, 'online')
    await clock.advance(2)
    assert.equal(connection.state, 'waiting')
    assert.ok(transport.links[0].closed)
  })

  it('asks at once when something hints at a dead connection', async () => {
    const { clock, transport, connection, goOnline } = setUp()
    connection.connect()
    await goOnline()
    connection.probe()
    assert.equal(transport.last.sent.at(-1).type, 'ping')
    await clock.advance(DEFAULT_TIMES.answer + 1)
    assert.equal(connection.state, 'waiting')
    connection.probe()
    assert.equal(connection.state, 'connecting', 'and while waiting it tries at once')
  })

  it('stays down when it is not wanted, and ignores what an old link still says', async () => {
    const { clock, transport, connection, log, goOnline } = setUp()
    connection.connect()
    await goOnline()
    const old = transport.last
    connection.disconnect()
    old.say({ type: 'ops', doc: 'a' })
    old.cut()
    await clock.advance(100_000)
    assert.equal(connection.state, 'offline')
    assert.equal(transport.links.length, 1)
    assert.deepEqual(log.received, [])
    assert.equal(clock.pending, 0, 'no timer is left')
  })

  it('protocol-version: refused for good, by the server or by what welcome says', async () => {
    for (const answer of [
      { type: 'error', code: 'protocol-version', detail: 'update' },
      { type: 'welcome', protocol: 2 },
    ]) {
      const { clock, transport, connection, log } = setUp()
      connection.connect()
      transport.last.open()
      await clock.advance(0)
      transport.last.say(answer)
      assert.equal(connection.state, 'refused')
      assert.deepEqual(log.failed, ['protocol-version'])
      await clock.advance(600_000)
      assert.equal(transport.links.length, 1)
      connection.connect()
      assert.equal(transport.links.length, 2, 'but the user may ask for another try')
    }
  })

  it('too-large: what the server would not read is not sent; it is counted in bytes', async () => {
    const { clock, transport, connection, log } = setUp()
    const online = async (welcome) => {
      transport.last.open()
      await clock.advance(0)
      transport.last.say({ type: 'welcome', protocol: 1, ...welcome })
    }
    const submit = (text) => ({ type: 'submit', doc: 'a', seq: 1, base: 0, op: [{ es: [text] }] })
    const envelope = JSON.stringify(submit('')).length
    connection.connect()
    await online({ maxMessageBytes: envelope + 12 })
    // Each 12 bytes in UTF-8, with 3 to 12 code units.
    for (const text of ['a'.repeat(12), 'é'.repeat(6), '中'.repeat(4), '😀'.repeat(3)]) {
      assert.equal(connection.send(submit(text)), undefined, text)
      assert.deepEqual(transport.last.sent.at(-1), submit(text))
      const error = connection.send(submit(`${text}.`))
      assert.equal(error.code, 'too-large')
      assert.deepEqual(error.details, { size: envelope + 13, limit: envelope + 12 })
      assert.deepEqual(transport.last.sent.at(-1), submit(text), 'not sent')
    }
    assert.equal(connection.state, 'online')
    assert.deepEqual(log.failed, [], 'it is the sender who is told')
    // A server that names no limit, such as one of an earlier version, is sent everything.
    transport.last.cut()
    await clock.advance(1000)
    await online({})
    assert.equal(connection.send(submit('x'.repeat(100))), undefined)
    assert.equal(transport.last.sent.length, 2)
  })

  it('unauthorized: told, and tried again with a fresh token', async () => {
    let tokens = 0
    const { clock, transport, connection, log } = setUp({ token: async () => `t${++tokens}` })
    connection.connect()
    transport.last.open()
    await clock.advance(0)
    transport.last.say({ type: 'error', code: 'unauthorized', detail: 'expired' })
    assert.deepEqual(log.failed, ['unauthorized'])
    await clock.advance(1000)
    transport.last.open()
    await clock.advance(0)
    assert.equal(transport.last.sent[0].token, 't2')
  })

  it('a token that cannot be had is a failure like others', async () => {
    const { clock, transport, connection, log } = setUp({ token: async () => Promise.reject(new Error('login server down')) })
    connection.connect()
    transport.last.open()
    await clock.advance(0)
    assert.equal(connection.state, 'waiting')
    assert.deepEqual(log.failed, ['unauthorized'])
  })

  it('malformed-message: told, ignored, and the connection goes on', async () => {
    const { connection, transport, log, goOnline } = setUp()
    connection.connect()
    await goOnline()
    for (const bad of ['{', '[]', 'null', '7', '{"type":7}', '{"type":"ops"}', '{"type":"error","doc":1,"code":"x","detail":"y"}']) {
      transport.last.say(bad)
    }
    assert.deepEqual(log.failed, Array(7).fill('malformed-message'))
    assert.equal(connection.state, 'online')
    transport.last.say({ type: 'ops', doc: 'a' })
    assert.equal(log.received.length, 1)
  })
})
