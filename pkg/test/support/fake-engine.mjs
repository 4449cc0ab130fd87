// An engine for JSON documents without WebAssembly, built on the published ot-json1: for tests of everything
// around the engine. It knows one copy of a document and a stream of remote ops, no queue and no server.
import { type as json1 } from 'ot-json1'
import { minimalChange } from '../../dist/changes.js'
import { changesOfOp, opOfChanges } from '../../dist/text-op.js'

const clone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

/** An op as a tree: what happens at a place, and what is below it. */
function parse(op) {
  const root = { does: {}, below: [] }
  // A list that stands in a descent branches off where it stands.
  const walk = (node, steps) => {
    let at = node
    for (const step of steps) {
      if (Array.isArray(step)) walk(at, step)
      else if (typeof step === 'object') at.does = step
      else {
        const next = { key: step, does: {}, below: [] }
        at.below.push(next)
        at = next
      }
    }
  }
  if (op !== null) walk(root, op)
  return root
}

/** What an op does to a document, as the engine's steps. Works on a copy that it changes the plain way. */
export function stepsOf(before, op) {
  const steps = []
  const top = { root: clone(before) }
  const holder = (path) => path.slice(0, -1).reduce((value, key) => value[key], path.length === 0 ? top : top.root)
  const last = (path) => (path.length === 0 ? 'root' : path.at(-1))
  const aside = new Map()
  const only = simpleReplace(op)
  const tree = parse(op)
  const pick = (node, path) => {
    for (const child of node.below.toReversed()) pick(child, [...path, child.key])
    if (only || (node.does.r === undefined && node.does.p === undefined)) return
    const slot = node.does.p
    steps.push({ op: 'remove', path, ...(slot !== undefined && { slot }) })
    const from = holder(path)
    if (slot !== undefined) aside.set(slot, from[last(path)])
    if (Array.isArray(from)) from.splice(last(path), 1)
    else delete from[last(path)]
  }
  const drop = (node, path) => {
    const { d, i, es, ena } = node.does
    const into = () => holder(path)
    const put = (value) => {
      if (Array.isArray(into()) && !only) into().splice(last(path), 0, value)
      else into()[last(path)] = value
    }
    if (d !== undefined) {
      steps.push({ op: 'add', path, slot: d })
      put(aside.get(d))
    } else if (i !== undefined) {
      steps.push({ op: only ? 'replace' : 'add', path, value: clone(i) })
      put(clone(i))
    }
    if (es !== undefined) {
      const now = into()[last(path)]
      const changes = changesOfOp(es, now)
      steps.push({ op: 'text', path, changes })
      into()[last(path)] = json1.apply(now, [{ es }])
    } else if (ena !== undefined) {
      const now = into()[last(path)]
      steps.push({ op: 'replace', path, value: now + ena })
      into()[last(path)] = now + ena
    }
    for (const child of node.below) drop(child, [...path, child.key])
  }
  pick(tree, [])
  drop(tree, [])
  return steps
}

/** Whether an op does nothing but replace one value of an object, or the root. */
function simpleReplace(op) {
  const does = op?.at(-1)
  if (op === null || does.r === undefined || does.i === undefined) return false
  return op.slice(0, -1).every((key) => typeof key !== 'object') && typeof op.at(-2) !== 'number'
}

export function compose(ops) {
  return ops.reduce((a, b) => json1.compose(a, b), null)
}

/** Throws as the engine does. */
function refuse(code, message) {
  throw { code, message }
}

class FakeReplica {
  /** Every op, in order, as the tests look at them. */
  static made = []
  #value
  #effects = []
  #dirty = true
  #batch = 0
  #status = { link: 'offline', revision: 0, inflight: null, pending: false, edits: 0, savedEdits: 0, committedEdits: 0, rejected: 0 }
  ops = []
  /** Set to crash the next call. */
  crash = false

  constructor(doc, client, create) {
    this.#value = clone(create)
    FakeReplica.made.push(this)
  }

  static restore({ checkpoint }) {
    return new FakeReplica('', '', checkpoint.value)
  }

  value() {
    this.#trap()
    return clone(this.#value)
  }

  text() {
    if (typeof this.#value !== 'string') refuse('does-not-fit', 'the document is no text')
    return this.#value
  }

  get length() {
    return this.text().length
  }

  edit(at, deleted, insert) {
    this.editText([], at, deleted, insert)
  }

  editText(path, at, deleted, insert) {
    this.#trap()
    const text = path.reduce((value, key) => value[key], this.#value)
    if (at + deleted > text.length) refuse('offset-out-of-bounds', 'past the end')
    this.#apply([[...path, { es: opOfChanges([{ from: at, to: at + deleted, insert }], text) }]])
  }

  editOps(ops) {
    this.#trap()
    return this.#apply(ops)
  }

  previewOps(ops) {
    return this.#steps(ops)
  }

  #steps(ops) {
    try {
      const op = compose(ops)
      json1.checkValidOp(op)
      json1.apply(clone(this.#value), op)
      return stepsOf(this.#value, op)
    } catch (error) {
      return refuse('malformed-op', error.message)
    }
  }

  #apply(ops) {
    const steps = this.#steps(ops)
    for (const op of ops) this.#value = json1.apply(this.#value, op)
    this.ops.push(...ops)
    this.#status.edits++
    this.#dirty = true
    return steps
  }

  /** Somebody else's op. */
  remote(op, conflicts) {
    const steps = stepsOf(this.#value, op)
    this.#value = json1.apply(this.#value, op)
    if (steps.every(({ op: kind, path }) => kind === 'text' && path.length === 0)) {
      for (const { changes } of steps) this.#effects.push({ type: 'patch', changes })
    } else this.#effects.push({ type: 'steps', steps })
    for (const conflict of conflicts ?? []) this.#effects.push({ type: 'conflict', conflict })
  }

  receive(message) {
    this.#trap()
    this.remote(message.op, message.conflicts)
  }

  flush() {
    if (!this.#dirty) return
    this.#dirty = false
    this.#effects.push({ type: 'persist', batch: ++this.#batch, checkpoint: { value: clone(this.#value) }, entries: [] })
  }

  persisted() {
    this.#status.savedEdits = this.#status.edits
  }

  #trap() {
    if (this.crash) throw new WebAssembly.RuntimeError('unreachable')
  }

  takeEffects() {
    return this.#effects.splice(0)
  }

  status() {
    return { ...this.#status }
  }

  connected() {}
  disconnected() {}
  resync() {}
  needsResync = false
  setClient() {}
  inbox = () => []
  discard() {}
  free() {}
  __destroy_into_raw() {}
}

const coded = (run) => {
  try {
    return run()
  } catch (error) {
    return refuse('malformed-op', String(error.message))
  }
}

/** The fake engine: hand it to setEngine. */
export const fakeEngine = {
  Replica: FakeReplica,
  textDiff: (before, after) => opOfChanges([minimalChange(before, after)].filter(Boolean), before),
  jsonDiff(before, after) {
    if (JSON.stringify(before) === JSON.stringify(after)) return null
    if (typeof before === 'string' && typeof after === 'string') return [{ es: fakeEngine.textDiff(before, after) }]
    return [{ ...(before !== undefined && { r: true }), ...(after !== undefined && { i: after }) }]
  },
  jsonApply: (doc, op) => coded(() => json1.apply(doc, op)),
}
