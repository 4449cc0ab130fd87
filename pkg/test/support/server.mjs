// A server in this process, for tests that need to stop time, lose messages, or misbehave. It keeps the
// protocol's rules (docs/protocol.md) in memory; its algebra is the engine's.
import { json } from '../../dist/types.js'

export class FakeServer {
  docs = new Map()
  links = new Set()
  /** Every submit that arrived, in order. */
  submits = []
  /** Messages on their way: nothing arrives before `deliver`, unless `auto`. */
  queue = []
  auto = true
  /** Whether new links come up. */
  up = true
  /** The largest message it reads, in bytes: over it, the link is cut. */
  maxMessageBytes = undefined
  /** Called with each client message; true keeps the server from answering it. */
  intercept = () => false

  /** The transport to it. */
  transport() {
    return {
      connect: (_url, events) => {
        const link = { events, live: true, open: new Map() }
        const end = (reason) => {
          if (!link.live) return
          link.live = false
          this.links.delete(link)
          this.#later(() => events.closed(reason))
        }
        link.end = end
        if (this.up) {
          this.links.add(link)
          this.#later(() => link.live && events.opened())
        } else queueMicrotask(() => end('refused'))
        return {
          send: (data) => {
            if (!link.live) return
            if (Buffer.byteLength(data) > this.maxMessageBytes) return end('code 1009')
            this.#later(() => link.live && this.#receive(link, JSON.parse(data)))
          },
          close: () => {
            link.live = false
            this.links.delete(link)
          },
        }
      },
    }
  }

  /** Lets everything on its way arrive, and what that causes. */
  deliver() {
    while (this.queue.length > 0) this.queue.shift()()
  }

  /** Cuts every link; what is on its way is lost. */
  cut() {
    this.queue = []
    for (const link of [...this.links]) link.end('cut')
  }

  doc(id) {
    return this.docs.get(id)
  }

  #later(run) {
    if (this.auto) queueMicrotask(run)
    else this.queue.push(run)
  }

  say(link, message) {
    this.#later(() => link.live && link.events.received(JSON.stringify(message)))
  }

  /** Says something to everyone. */
  shout(message) {
    for (const link of this.links) {
      this.#later(() => link.live && link.events.received(typeof message === 'string' ? message : JSON.stringify(message)))
    }
  }

  #receive(link, message) {
    if (this.intercept(message, link)) return
    switch (message.type) {
      case 'hello':
        return this.say(link, { type: 'welcome', protocol: 1, maxMessageBytes: this.maxMessageBytes })
      case 'ping':
        return this.say(link, { type: 'pong' })
      case 'close':
        return void link.open.delete(message.doc)
      case 'open':
        return this.#open(link, message)
      case 'submit':
        return this.submitted(link, message)
    }
  }

  #open(link, { doc: id, client, request, epoch, revision, seq, inflight, create }) {
    // As the authority does: what is not newer than what was answered on this link is an old copy.
    if (link.open.get(id)?.request >= request) return
    if (!this.docs.has(id)) this.docs.set(id, { epoch: `e${this.docs.size}`, start: create, value: create, log: [], seqs: new Map() })
    const doc = this.docs.get(id)
    link.open.set(id, { client, request })
    const known = doc.seqs.get(client) ?? 0
    if (seq < known) return this.#cloned(link, id)
    const fate = inflight === undefined ? 'none' : known >= seq ? 'committed' : 'unknown'
    const head = doc.log.length
    if (epoch === doc.epoch) {
      this.say(link, { type: 'ops', doc: id, request, epoch, base: revision, ops: doc.log.slice(revision), head, fate })
    } else this.say(link, { type: 'snapshot', doc: id, request, epoch: doc.epoch, revision: head, value: doc.value, fate })
  }

  /** What a submit does. */
  submitted(link, { doc: id, seq, base, op }) {
    const doc = this.docs.get(id)
    const { client } = link.open.get(id)
    const sent = this.submits.find((other) => other.client === client && other.seq === seq)
    if (seq < (doc.seqs.get(client) ?? 0) || (sent !== undefined && sent.op !== JSON.stringify(op))) {
      return this.#cloned(link, id, seq)
    }
    const again = doc.log.findIndex((entry) => entry.client === client && entry.seq === seq)
    this.submits.push({ client, seq, base, op: JSON.stringify(op) })
    if (again !== -1) return this.say(link, { type: 'committed', doc: id, revision: again + 1, client, seq })
    let edit = op
    for (const entry of doc.log.slice(base)) edit = json.transform(edit, entry.op, 'right')
    doc.value = json.apply(doc.value, edit)
    doc.log.push({ client, seq, op: edit })
    doc.seqs.set(client, seq)
    const message = { type: 'committed', doc: id, revision: doc.log.length, client, seq }
    for (const other of this.links) {
      if (other.open.has(id)) this.say(other, other === link ? message : { ...message, op: edit })
    }
  }

  #cloned(link, doc, seq) {
    this.say(link, { type: 'error', doc, ...(seq === undefined ? {} : { seq }), code: 'cloned-client', detail: 'take a fresh id' })
  }
}
